using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using PocketCoder.Relay.Identity;

namespace PocketCoder.Cli.SignIn;

/// <summary>
/// Waits on 127.0.0.1, on a free port, for the browser that comes back from signing in (RFC 8252). Takes one answer, and only one that carries our state;
/// whatever else knocks changes nothing.
/// </summary>
internal sealed class SignInListener : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _state;
    private readonly TaskCompletionSource<string?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SignInListener(WebApplication app, string state) => (_app, _state) = (app, state);

    public Uri RedirectUri { get; private set; } = null!;

    /// <summary>The code; null when the sign-in was refused.</summary>
    public Task<string?> Answer => _answer.Task;

    public static async Task<SignInListener> StartAsync(string state, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            kestrel.Limits.MaxConcurrentConnections = 16;
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));
        var app = builder.Build();
        SignInListener listener = new(app, state);
        app.Run(listener.AnswerAsync);
        await app.StartAsync(cancellationToken);
        var bound = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        listener.RedirectUri = new Uri($"http://127.0.0.1:{bound.Port}/callback");
        return listener;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var (request, query) = (context.Request, context.Request.Query);
        var response = context.Response;
        response.Headers.CacheControl = "no-store";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        response.Headers.XContentTypeOptions = "nosniff";
        response.ContentType = "text/plain; charset=utf-8";
        var (status, sentence) = !HttpMethods.IsGet(request.Method) || request.Path != "/callback" ? (404, "There is nothing here.")
            : request.Host.Value != RedirectUri.Authority ? (421, "This is not the address that was given out.")
            : query["state"] is not [{ } state] || !Secrets.Same(state, _state) ? (400, "This is not the sign-in that pocketcoder waits for. Begin it again: pocketcoder login")
            : Take(query["code"] is [{ Length: > 0 } code] ? code : null);
        response.StatusCode = status;
        await response.WriteAsync(sentence + "\n");
    }

    private (int Status, string Sentence) Take(string? code) =>
        !_answer.TrySetResult(code) ? (410, "This sign-in is over already.")
        : code is null ? (200, "The sign-in was refused. The terminal says what to do.")
        : (200, "That was it here: close this page and look at the terminal.");
}
