using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using PocketCoder.Daemon;
using PocketCoder.Protocol;

namespace PocketCoder.Cli;

/// <summary>Speaks to the daemon of this config directory.</summary>
internal sealed class ControlPlaneClient(DaemonPaths paths)
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>Null when the daemon is not running.</summary>
    public Task<DaemonStatusReport?> StatusAsync(CancellationToken cancellationToken) => GetAsync<DaemonStatusReport>("/status", cancellationToken);

    /// <summary>True when it answers; a daemon that is just starting does not yet.</summary>
    public async Task<bool> IsHealthyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var response = await SendAsync(HttpMethod.Get, "/health", null, cancellationToken);
            return response?.IsSuccessStatusCode == true;
        }
        catch (CommandException)
        {
            return false;
        }
    }

    public async Task<T?> GetAsync<T>(string path, CancellationToken cancellationToken)
        where T : class
    {
        using var response = await SendAsync(HttpMethod.Get, path, null, cancellationToken);
        return response is null ? null : await ReadAsync<T>(response, cancellationToken);
    }

    /// <summary>Null when the daemon is not running; a refusal is a <see cref="CommandException"/> with the daemon's sentence.</summary>
    public async Task<TResponse?> PostAsync<TRequest, TResponse>(string path, TRequest body, CancellationToken cancellationToken)
        where TResponse : class
    {
        using var response = await SendAsync(HttpMethod.Post, path, JsonContent.Create(body, ProtocolJson.For<TRequest>()), cancellationToken);
        return response is null ? null : await ReadAsync<TResponse>(response, cancellationToken);
    }

    public async Task<TResponse?> PostAsync<TResponse>(string path, CancellationToken cancellationToken)
        where TResponse : class
    {
        using var response = await SendAsync(HttpMethod.Post, path, null, cancellationToken);
        return response is null ? null : await ReadAsync<TResponse>(response, cancellationToken);
    }

    /// <summary>False when the daemon is not running, or does not listen (yet, or any more).</summary>
    public async Task<bool> SendAsync(HttpMethod method, string path, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(method, path, null, cancellationToken);
        if (response is null)
        {
            return false;
        }

        await RequireSuccessAsync(response, cancellationToken);
        return true;
    }

    private async Task<HttpResponseMessage?> SendAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancellationToken)
    {
        if (InstanceLock.RunningPid(paths) is not { } pid)
        {
            return null;
        }

        var address = Address() ?? throw new CommandException(
            $"The daemon runs as process {pid}, but control-plane.json, which says where it listens, is missing or damaged. If it was not started this moment: pocketcoder stop");

        using HttpRequestMessage request = new(method, address.Url + path) { Content = body };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", address.Token);
        try
        {
            return await Http.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException ex) when (ex.InnerException is SocketException or IOException)
        {
            return null;
        }
        catch (TaskCanceledException ex) when (ex.InnerException is TimeoutException)
        {
            throw new CommandException($"The daemon runs as process {pid}, but does not answer. Its log may say why: pocketcoder logs. To end it: pocketcoder stop");
        }
    }

    // Only of a daemon that runs: a file that a killed one left behind leads to a port that is closed, or to somebody else's.
    private ControlPlaneAddress? Address()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(paths.ControlPlane), ProtocolJson.For<ControlPlaneAddress>());
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await RequireSuccessAsync(response, cancellationToken);
        return await response.Content.ReadFromJsonAsync(ProtocolJson.For<T>(), cancellationToken) ?? throw new CommandException("The daemon gave an empty answer.");
    }

    private static async Task RequireSuccessAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
        {
            var error = response.Content.Headers.ContentType?.MediaType == "application/json"
                ? await response.Content.ReadFromJsonAsync(ProtocolJson.For<ControlPlaneError>(), cancellationToken)
                : null;
            throw new CommandException(error?.Error ?? $"The daemon refused this ({(int)response.StatusCode}). Its log has the details: pocketcoder logs");
        }
    }
}
