using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PocketCoder.Protocol;
using PocketCoder.Storage;

namespace PocketCoder.Daemon.ControlPlane;

/// <summary>Listens on 127.0.0.1:17333, or the next free port, and writes where and with which token into a 0600 file.</summary>
internal sealed class ControlPlaneServer : IAsyncDisposable
{
    public const int DefaultPort = 17333;
    private const int PortsToTry = 50;

    private readonly WebApplication _app;
    private readonly string _file;

    private ControlPlaneServer(WebApplication app, string file, ControlPlaneAddress address) => (_app, _file, Address) = (app, file, address);

    public ControlPlaneAddress Address { get; }

    public static async Task<ControlPlaneServer> StartAsync(Daemon daemon, DaemonPaths paths, Action<ILoggingBuilder> configureLogging, CancellationToken cancellationToken)
    {
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        for (var port = FreePort(DefaultPort); ; port = FreePort(port + 1))
        {
            var app = Build(daemon, token, port, configureLogging);
            try
            {
                await app.StartAsync(cancellationToken);
                ControlPlaneAddress address = new($"http://127.0.0.1:{port}", token, Environment.ProcessId);
                PrivateFile.WriteAllBytes(paths.ControlPlane, JsonSerializer.SerializeToUtf8Bytes(address, ProtocolJson.For<ControlPlaneAddress>()));
                return new ControlPlaneServer(app, paths.ControlPlane, address);
            }
            catch (Exception ex) when ((ex is SocketException || ex.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException) && port < DefaultPort + PortsToTry)
            {
                // Somebody took it after we had looked.
                await app.DisposeAsync();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        File.Delete(_file);
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(2));
        await _app.StopAsync(patience.Token);
        await _app.DisposeAsync();
    }

    // Looked for with a bare socket: starting a whole host on a taken port costs much and writes an error into the log.
    private static int FreePort(int from)
    {
        for (var port = from; port < DefaultPort + PortsToTry; port++)
        {
            try
            {
                using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
                probe.Listen();
                return port;
            }
            catch (SocketException)
            {
                // Taken: the next one.
            }
        }

        return from;
    }

    private static WebApplication Build(Daemon daemon, string token, int port, Action<ILoggingBuilder> configureLogging)
    {
        // Empty: the other builders read appsettings.json of the working directory, which is a project's, and watch everything below it.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        configureLogging(builder.Logging);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 8 * 1024;
            kestrel.Limits.MaxConcurrentConnections = 32;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(2));
        var app = builder.Build();
        app.Use(new LoopbackOnly(token).InvokeAsync);
        app.MapControlPlane(daemon);
        return app;
    }
}
