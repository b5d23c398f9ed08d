using System.Net;
using System.Net.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using PocketCoder.Protocol;
using PocketCoder.Relay.Cluster;
using PocketCoder.Relay.Identity;
using PocketCoder.Relay.Routing;
using PocketCoder.Relay.Sockets;
using PocketCoder.Relay.Stores;
using PocketCoder.Relay.Stores.Redis;
using PocketCoder.Relay.Stores.Sqlite;
using PocketCoder.Relay.Web;
using PocketCoder.Storage;

namespace PocketCoder.Relay;

/// <summary>The composition root of the relay: everything it is made of, and how it starts and stops.</summary>
public sealed class RelayHost : IAsyncDisposable
{
    private static readonly TimeSpan ReadyPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(3);
    private readonly WebApplication _app;
    private readonly IRelayStore _store;
    private readonly ICluster _cluster;
    private readonly PeerServer _server;
    private readonly RelayMetrics _metrics;
    private readonly IIdentity _identity;

    private RelayHost(WebApplication app, IRelayStore store, ICluster cluster, PeerServer server, RelayMetrics metrics, IIdentity identity, Uri url, Uri localUrl, Uri phoneUrl)
    {
        (_app, _store, _cluster, _server, _metrics, _identity, Url, LocalUrl, PhoneUrl) = (app, store, cluster, server, metrics, identity, url, localUrl, phoneUrl);
    }

    private static readonly string[] ForwardingHeaders = ["Forwarded", "Via", "X-Real-IP", "CF-Connecting-IP", "CF-Ray"];

    /// <summary>Where it listens, with the port that was found.</summary>
    public Uri Url { get; }

    /// <summary>Where a program on this machine reaches it.</summary>
    public Uri LocalUrl { get; }

    /// <summary>The address to give to a phone.</summary>
    public Uri PhoneUrl { get; }

    public static async Task<RelayHost> StartAsync(RelayOptions options, Action<ILoggingBuilder> configureLogging, CancellationToken cancellationToken)
    {
        PrivateFile.CreateDirectory(options.DataDirectory);
        List<string> notices = [];
        var redis = options.Redis is null ? null : await RedisConnection.OpenAsync(options.Redis);
        IRelayStore store = redis is not null ? new RedisStore(redis, options.Time) : new SqliteStore(
            Database.Open(
                Path.Combine(options.DataDirectory, "relay.db"), EmbeddedScripts.Of(typeof(RelayHost).Assembly),
                aside => notices.Add($"relay.db was damaged. It was set aside as {Path.GetFileName(aside)}; devices must be paired again.")),
            options.Time);
        ICluster? started = null;
        try
        {
            var (app, cluster, server, metrics, identity) = await BuildAsync(options, configureLogging, store, redis);
            started = cluster;
            foreach (var notice in notices)
            {
                app.Logger.LogNotice(notice);
            }

            await app.StartAsync(cancellationToken);
            var url = BoundUrl(app, options.Listen);
            var local = IsAny(options.Listen) ? new UriBuilder(url) { Host = "127.0.0.1" }.Uri : url;
            return new RelayHost(app, store, cluster, server, metrics, identity, url, local, options.PublicUrl ?? (options.Lan ? LanUrl(app, url) : url));
        }
        catch
        {
            await (started?.DisposeAsync() ?? default);
            await store.DisposeAsync();
            throw;
        }
    }

    internal IRelayStore Store => _store;

    internal LocalPeers Here => _server.Here;

    /// <summary>How it knows its users.</summary>
    public AuthMode Mode => _identity.Mode;

    /// <summary>A new one-time link for a phone, at a relay with an owner.</summary>
    public async Task<PairingLink> CreatePairingLinkAsync() => LinkFor(PhoneUrl, await _identity.CreatePairingCodeAsync(Embedded.OwnerId, maker: null));

    public static PairingLink LinkFor(Uri relay, PairingCodeCreateResponse code) =>
        new(new Uri(relay, "#pair=" + code.Code).ToString(), code.Code, code.ExpiresAt);

    /// <summary>Tokens for the daemon on this machine.</summary>
    public Task<AuthExchangeResponse> EnrolLocalDaemonAsync(string name) => Embedded.EnrolLocalAsync(name);

    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(StopPatience);
        using (CancellationTokenSource patience = new(StopPatience))
        {
            await _app.StopAsync(patience.Token);
        }

        _server.Dispose();
        _metrics.Dispose();
        await _app.DisposeAsync();
        await _cluster.DisposeAsync();
        await _store.DisposeAsync();
    }

    private EmbeddedIdentity Embedded => _identity as EmbeddedIdentity ?? throw new InvalidOperationException("This relay has no owner: people sign in at it.");

    private static async Task<(WebApplication App, ICluster Cluster, PeerServer Server, RelayMetrics Metrics, IIdentity Identity)> BuildAsync(
        RelayOptions options, Action<ILoggingBuilder> configureLogging, IRelayStore store, RedisConnection? redis)
    {
        // Empty: the other builders read appsettings.json of the working directory, which is a project's, and watch everything below it.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        configureLogging(builder.Logging);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        var lan = options.Lan && options.CertificateFiles is null ? LanCertificate.LoadOrCreate(options.DataDirectory, OriginPolicy.LocalAddresses(), options.Time) : null;
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 64 * 1024;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
            ListenOn(kestrel, options.Listen);
            if (options.CertificateFiles is var (certificateFile, keyFile))
            {
                CertificateFiles own = new(certificateFile, keyFile, kestrel.ApplicationServices.GetRequiredService<ILogger<CertificateFiles>>());
                kestrel.ListenAnyIP(options.LanPort, listen => listen.UseHttps(new TlsHandshakeCallbackOptions
                {
                    OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = own.Current }),
                }));
            }
            else if (lan is not null)
            {
                kestrel.ListenAnyIP(options.LanPort, listen => listen.UseHttps(lan.Certificate));
            }
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(3));

        OriginPolicy origins = new(options.PublicUrl, options.Lan, options.Listen);
        RelayCounters counters = new();
        LocalPeers here = new(options.Rates, options.Time);
        Routes routes = new(here);
        Statuses statuses = new(here, routes, options.Time);
        RedisCluster? nodes = redis is null ? null : new RedisCluster(redis, here, routes, statuses, options.Rates);
        var cluster = nodes ?? (ICluster)new Alone(store.Machines);
        Switchboard board = new(here, routes, statuses, cluster, store.Machines, options.Rates, counters, options.Time);

        // Made below, with the app's logger, before anybody can connect.
        Registrar registrar = null!;
        builder.Services.AddSingleton(services => new PeerServer(registrar, board, here, counters, options, services.GetRequiredService<ILogger<PeerServer>>()));
        builder.Services.AddSingleton<IConnectionListenerFactory>(services => new FrontDoor(
            request => origins.AllowsHost(request.Host) && origins.AllowsOrigin(request.Origin, "http", request.Host),
            connection => services.GetRequiredService<PeerServer>().ServeAsync(connection),
            services.GetRequiredService<ILoggerFactory>()));

        var app = builder.Build();
        var identity = await IdentityModes.OpenAsync(options, store, app.Services.GetRequiredService<ILogger<IIdentity>>());
        registrar = new Registrar(identity, board, store, counters, options.Time);
        identity.Devices.Revoked += board.Revoke;
        if (nodes is not null)
        {
            nodes.Revoked += board.CloseRevoked;
            await nodes.StartAsync(store.Devices, app.Services.GetRequiredService<ILogger<RedisCluster>>());
        }

        var server = app.Services.GetRequiredService<PeerServer>();
        RelayMetrics metrics = new(counters, here, server);
        WebApp web = new();

        app.Use(async (context, next) =>
        {
            if (!origins.AllowsHost(context.Request.Host))
            {
                await RefuseAsync(context, StatusCodes.Status421MisdirectedRequest, "This relay does not answer to that name. If a proxy stands before it, start it with --public-url.");
                return;
            }

            await next(context);
        });
        app.MapGet("/health", (RequestDelegate)(static _ => Task.CompletedTask));
        app.MapGet("/ready", (RequestDelegate)(context => ReadyAsync(context, store)));
        app.MapGet("/metrics", (RequestDelegate)(context => options.PublicMetrics || IsFromThisMachine(context)
            ? metrics.WriteAsync(context.Response)
            : RefuseAsync(context, StatusCodes.Status404NotFound, "Not found.")));
        app.Map("/ws", (RequestDelegate)(context => AcceptAsync(context, origins, server, options.TrustedProxies)));
        if (lan is not null)
        {
            // HEAD: the page asks whether there is one.
            app.MapMethods(LanCertificate.AuthorityPath, [HttpMethods.Get, HttpMethods.Head], (RequestDelegate)(context =>
            {
                context.Response.ContentType = "application/x-x509-ca-cert";
                return context.Response.Body.WriteAsync(lan.Authority, context.RequestAborted).AsTask();
            }));
        }

        new SignInEndpoints(identity, options.PublicUrl, new AttemptLimiter(store.Attempts, "sign-in"), options.TrustedProxies).Map(app);

        // Not the default fallback pattern, which leaves out every name with a dot in it.
        app.MapFallback("{*path}", (RequestDelegate)web.ServeAsync);
        return (app, cluster, server, metrics, identity);
    }

    private static async Task AcceptAsync(HttpContext context, OriginPolicy origins, PeerServer server, IReadOnlyList<IPNetwork> proxies)
    {
        if (!origins.AllowsOrigin(context.Request))
        {
            await RefuseAsync(context, StatusCodes.Status403Forbidden, "This page may not connect to the relay.");
        }
        else if (!Handshake.IsValid(context))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, $"This is a WebSocket endpoint of the subprotocol {Wire.Subprotocol}.");
        }
        else
        {
            var stream = await Handshake.AcceptAsync(context);
            await server.ServeAsync(new UpgradedConnection(context, stream, ForwardedAddress.Of(context, proxies)));
        }
    }

    // Ready is who can keep what it promises: it can write.
    private static async Task ReadyAsync(HttpContext context, IRelayStore store)
    {
        try
        {
            await store.CheckAsync().WaitAsync(ReadyPatience);
        }
        catch (Exception ex) when (ex is not OperationCanceledException)
        {
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "What the relay knows cannot be written.");
        }
    }

    // A proxy on this machine comes from loopback too, but says for whom it asks.
    private static bool IsFromThisMachine(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address) && OriginPolicy.IsLoopback(context.Request.Host)
        && !context.Request.Headers.Keys.Any(name => name.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase)
            || ForwardingHeaders.Contains(name, StringComparer.OrdinalIgnoreCase));

    private static Task RefuseAsync(HttpContext context, int status, string sentence)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync(sentence + "\n");
    }

    private static void ListenOn(Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions kestrel, Uri listen)
    {
        if (IPAddress.TryParse(listen.Host.Trim('[', ']'), out var address))
        {
            kestrel.Listen(new PlainEndPoint(address, listen.Port));
        }
        else if (listen.IsLoopback)
        {
            // "localhost" with port 0 cannot be bound to both families at once.
            kestrel.Listen(new PlainEndPoint(IPAddress.Loopback, listen.Port));
        }
        else
        {
            kestrel.Listen(new PlainEndPoint(System.Net.Sockets.Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, listen.Port));
        }
    }

    private static Uri BoundUrl(WebApplication app, Uri listen)
    {
        var bound = new Uri(Addresses(app).First(a => a.StartsWith("http:", StringComparison.Ordinal)).Replace("[::]", "0.0.0.0", StringComparison.Ordinal));
        var host = IsAny(listen) ? LanAddress()?.ToString() ?? "127.0.0.1" : listen.Host;
        return new UriBuilder("http", host, bound.Port).Uri;
    }

    private static bool IsAny(Uri listen) => IPAddress.TryParse(listen.Host.Trim('[', ']'), out var address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any));

    private static Uri LanUrl(WebApplication app, Uri url)
    {
        var port = new Uri(Addresses(app).First(a => a.StartsWith("https:", StringComparison.Ordinal)).Replace("[::]", "localhost", StringComparison.Ordinal)).Port;
        return new UriBuilder("https", LanAddress()?.ToString() ?? url.Host, port).Uri;
    }

    private static IPAddress? LanAddress() => OriginPolicy.LocalAddresses()
        .FirstOrDefault(a => a.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork && !IPAddress.IsLoopback(a));

    private static ICollection<string> Addresses(WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
}

internal static partial class RelayLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "{Notice}")]
    public static partial void LogNotice(this ILogger logger, string notice);
}
