using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PocketCoder.Daemon.ControlPlane;
using PocketCoder.Daemon.Features.Agent;
using PocketCoder.Daemon.Features.Agent.Acp;
using PocketCoder.Daemon.Features.Agent.Claude;
using PocketCoder.Daemon.Features.Agent.Terminal;
using PocketCoder.Daemon.Features.Commands;
using PocketCoder.Daemon.Features.Files;
using PocketCoder.Daemon.Features.Files.Search;
using PocketCoder.Daemon.Features.Files.Watching;
using PocketCoder.Daemon.Features.Git;
using PocketCoder.Daemon.Features.Machines;
using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Daemon.Features.Push;
using PocketCoder.Daemon.Processes;
using PocketCoder.Daemon.Relay;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;
using PocketCoder.Storage;

namespace PocketCoder.Daemon;

/// <summary>What a daemon needs to know to start.</summary>
public sealed record DaemonOptions
{
    public required DaemonPaths Paths { get; init; }

    /// <summary>The relay: ws://, wss://, http:// or https://.</summary>
    public required Uri Gateway { get; init; }

    /// <summary>The address of the relay in pairing links, when it is another than <see cref="Gateway"/>.</summary>
    public Uri? PublicGateway { get; init; }

    /// <summary>The executable that knows the hidden verb of the supervisor.</summary>
    public required string Supervisor { get; init; }

    /// <summary>Path of Claude Code; null looks for it in the usual places.</summary>
    public string? Claude { get; init; }

    /// <summary>Paths of other agents, by their names; those that are not named are looked for in the usual places.</summary>
    public IReadOnlyDictionary<string, string> AgentPaths { get; init; } = new Dictionary<string, string>();

    /// <summary>Claude Code's own directory; null for the usual place.</summary>
    public string? ClaudeStore { get; init; }

    /// <summary>Where the tokens are kept when not in auth.json.</summary>
    public string? TokenFile { get; init; }

    /// <summary>Tokens without a person, from a relay in the same process.</summary>
    public Func<CancellationToken, Task<AuthExchangeResponse>>? Enrol { get; init; }

    /// <summary>How long an idle agent stays warm; 0 ends it after each turn.</summary>
    public TimeSpan AgentWarmFor { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How many agents run at once; one more waits until one of them idles.</summary>
    public int MaxAgents { get; init; } = 8;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Tests have their push service on this machine; nobody else may send there.</summary>
    internal bool PushToLoopback { get; init; }

    /// <summary>How sessions are kept. Only the nemesis, which has to be seen to catch a store that is wrong, sets another.</summary>
    internal Func<Database, LogEpoch, AgentStore> OpenAgentStore { get; init; } = (database, epoch) => new AgentStore(database, epoch);
}

/// <summary>
/// The composition root of the daemon. It starts in three phases (local, authentication, relay) and stops in the reverse order of its start.
/// </summary>
public sealed class Daemon : IAsyncDisposable
{
    private static readonly TimeSpan RegistrationPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan EventsKept = TimeSpan.FromDays(90);
    private readonly Stack<IAsyncDisposable> _started = new();
    private readonly TaskCompletionSource _stopRequested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly DaemonOptions _options;
    private ProjectStore _projects = null!;
    private DateTimeOffset _startedAt;
    private RelayConnection _relay = null!;
    private AgentSessions _sessions = null!;
    private CommandRuns _commands = null!;
    private TokenStore _tokens = null!;
    private ILogger<Daemon> _log = null!;

    internal FileWatcher Watcher { get; private set; } = null!;

    private Daemon(DaemonOptions options) => _options = options;

    internal MachineDescription Machine { get; private set; } = null!;

    public string ControlPlaneUrl { get; private set; } = "";

    public string MachineKey => _tokens.Load().MachineKey;

    /// <summary>Ends when somebody asked the daemon to stop.</summary>
    public Task StopRequested => _stopRequested.Task;

    /// <summary>Ends with the first registration at the relay.</summary>
    public Task Registered => _relay.FirstRegistration;

    /// <summary>Null when another daemon runs in this config directory.</summary>
    public static async Task<Daemon?> StartAsync(DaemonOptions options, Action<ILoggingBuilder> configureLogging, CancellationToken cancellationToken)
    {
        options.Paths.Create();
        if (InstanceLock.TryTake(options.Paths) is not { } instance)
        {
            return null;
        }

        Daemon daemon = new(options);
        daemon._started.Push(new Disposal(instance.Dispose));
        try
        {
            await daemon.StartAsync(configureLogging, cancellationToken);
            return daemon;
        }
        catch
        {
            await daemon.DisposeAsync();
            throw;
        }
    }

    public void RequestStop() => _stopRequested.TrySetResult();

    public async Task<DaemonStatusReport> StatusAsync(CancellationToken cancellationToken)
    {
        var capabilities = await Machine.CapabilitiesAsync(cancellationToken);
        return new DaemonStatusReport(
            MachineDescription.Version,
            MachineKey,
            _relay.LoggedIn,
            new RelayStatus(_relay.Connected, _relay.LastConnectedAt, _relay.LastHeartbeatAt)
            {
                Url = PublicGateway.ToString(),
                Gateway = _options.Gateway.ToString(),
                RoundTripMs = _relay.RoundTrip?.TotalMilliseconds,
            },
            capabilities with { Warnings = [.. capabilities.Warnings ?? [], .. Watcher.Warnings()] },
            [.. _projects.All().Select(ToStatus)])
        {
            Label = Machine.Label,
            Pid = Environment.ProcessId,
            Agents = _sessions.WithAgent,
            StartedAt = _startedAt,
        };
    }

    public Task ReRegisterAsync(CancellationToken cancellationToken) => _relay.ReRegisterAsync(cancellationToken);

    public async Task<ProjectStatus> AddProjectAsync(string path, CancellationToken cancellationToken)
    {
        var project = await _projects.AddAsync(path);
        Watcher.Add(project);
        await TellRelayAsync(cancellationToken);
        return ToStatus(project);
    }

    public async Task<bool> RemoveProjectAsync(string projectId, CancellationToken cancellationToken)
    {
        var removed = await _projects.RemoveAsync(projectId);
        if (removed)
        {
            await Watcher.RemoveAsync(projectId);
            await Task.WhenAll(_sessions.EndProjectAsync(projectId), _commands.EndProjectAsync(projectId));
            await TellRelayAsync(cancellationToken);
        }

        return removed;
    }

    public async Task<PairingLink> CreatePairingLinkAsync(CancellationToken cancellationToken)
    {
        // Right after a start the relay is a moment away.
        await Registered.WaitAsync(RegistrationPatience, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var code = await _relay.AskAsync<PairingCodeCreateRequest, PairingCodeCreateResponse>(new PairingCodeCreateRequest(), cancellationToken);
        return new PairingLink(new Uri(PublicGateway, "/#pair=" + code.Code).ToString(), code.Code, code.ExpiresAt);
    }

    /// <summary>The devices of this machine's user; the relay knows them.</summary>
    public Task<DevicesListResponse> DevicesAsync(CancellationToken cancellationToken) =>
        _relay.AskAsync<DevicesListRequest, DevicesListResponse>(new DevicesListRequest(), cancellationToken);

    public Task RevokeDeviceAsync(string deviceId, CancellationToken cancellationToken) =>
        _relay.AskAsync<DeviceRevokeRequest, DeviceRevokeResponse>(new DeviceRevokeRequest(deviceId), cancellationToken);

    public async Task<LogoutReport> LogOutAsync(CancellationToken cancellationToken) => _options.Enrol is null
        ? new LogoutReport(await _relay.LogOutAsync(cancellationToken))
        : throw new RequestException(ErrorCode.InvalidRequest, "This daemon belongs to the relay of `pocketcoder up` and is logged in as long as that runs. End both with: pocketcoder stop");

    public async ValueTask DisposeAsync()
    {
        while (_started.TryPop(out var part))
        {
            await part.DisposeAsync();
        }
    }

    private Uri PublicGateway
    {
        get
        {
            var gateway = _options.PublicGateway ?? _options.Gateway;
            return new UriBuilder(gateway) { Scheme = gateway.Scheme is "wss" or "https" ? "https" : "http", Path = "/" }.Uri;
        }
    }

    // Push services want somebody to turn to, and some refuse addresses that cannot be one.
    private string PushContact => PublicGateway is { Scheme: "https" } gateway ? gateway.GetLeftPart(UriPartial.Authority) : "https://localhost";

    // What changed is on disk: a relay that cannot be told now is told when this machine registers next, so it is no reason to fail.
    private async Task TellRelayAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ReRegisterAsync(cancellationToken);
        }
        catch (Exception ex) when (!cancellationToken.IsCancellationRequested)
        {
            DaemonLog.RelayNotTold(_log, ex.Message);
        }
    }

    private async Task StartAsync(Action<ILoggingBuilder> configureLogging, CancellationToken cancellationToken)
    {
        var (paths, time) = (_options.Paths, _options.Time);
        var logging = Use(LoggerFactory.Create(configureLogging));
        var log = _log = logging.CreateLogger<Daemon>();
        _startedAt = time.GetUtcNow();

        // 1. What is local: database, projects, control plane.
        var database = Use(Database.Open(paths.Database, EmbeddedScripts.Of(typeof(Daemon).Assembly), aside => DaemonLog.Damaged(log, Path.GetFileName(aside))));
        _projects = new ProjectStore(database, time);
        var claude = Use(new ClaudeLocator(_options.Claude, time));
        Machine = new MachineDescription(paths, _projects, claude);

        Children children = new(_options.Supervisor, paths);
        if (children.EndLeftBehind() is var leftBehind and > 0)
        {
            DaemonLog.LeftBehind(log, leftBehind);
        }

        // 2. Who we are at the relay.
        _tokens = new TokenStore(_options.TokenFile ?? paths.Auth, _options.Enrol is null ? _options.Gateway : null);

        // 3. The relay, and everything that answers what comes over it.
        var agentStore = _options.OpenAgentStore(database, Use(await LogEpoch.OpenAsync(database, paths.EventLogNote)));
        AgentPrograms programs = new([
            new ClaudeProgram(claude, children, time, logging.CreateLogger<ClaudeProcess>()),
            .. new[] { AcpAgent.Gemini, AcpAgent.ClaudeAdapter }.Select(agent => new AcpProgram(
                agent, _options.AgentPaths.GetValueOrDefault(agent.Id), claude, children, logging.CreateLogger<AcpProcess>())),
        ]);
        TranscriptFiles transcripts = new(_options.ClaudeStore);
        RelayConnection relay = null!;
        PushStore pushStore = new(database, time);
        var notices = Use(new PushNotices(new PushSurroundings(
            pushStore, Use(new PushSender(time, PushContact)), agentStore, MachineKey, time, logging.CreateLogger<PushNotices>(),
            async ct => (await relay.AskAsync<DevicesListRequest, DevicesListResponse>(new DevicesListRequest(), ct)).Devices.Select(d => d.DeviceId).ToHashSet(StringComparer.Ordinal),
            projectId => _projects.Find(projectId) is { } project ? (project.Name, project.Path) : null)));
        AgentSurroundings surroundings = new(
            agentStore,
            programs,
            new AgentSlots(_options.MaxAgents),
            (message, ct) => relay.SendAsync(message, ct),
            time,
            _options.AgentWarmFor,
            logging.CreateLogger<AgentSession>(),
            new Terminals(transcripts, new LiveTerminals(transcripts, children, time)))
        {
            Notice = notices.Tell,
        };
        _sessions = new AgentSessions(surroundings);
        GitRepositories repositories = new(_projects, children, time);
        GitFiles gitFiles = new(repositories);
        SearchFeature search = new(_projects, gitFiles);
        Watcher = new FileWatcher(_projects, (message, ct) => relay.SendAsync(message, ct), time, logging.CreateLogger<FileWatcher>());
        CommandStore commandStore = new(database, time);
        _commands = new CommandRuns(children, commandStore, time, logging.CreateLogger<CommandRuns>());
        await _commands.StartAsync();
        var housekeeping = Use(new Housekeeping(time, logging.CreateLogger<Housekeeping>(),
            commandStore.CleanAsync, pushStore.CleanAsync, () => agentStore.ForgetEventsAsync(time.GetUtcNow() - EventsKept)));
        await housekeeping.StartAsync();
        MessageRouter router = new(
            new MessageRoutes([
                new MachineFeature(Machine, TellRelayAsync),
                new ProjectsFeature(_projects, Watcher),
                new FilesFeature(_projects, gitFiles, Use(HoldingDirectory.Open(paths.Holding, time.GetUtcNow()))),
                search,
                new GitFeature(repositories, Use(new GitOnce(time))),
                new CommandsFeature(_commands, commandStore, _projects),
                new AgentFeature(_sessions, agentStore, _projects, programs),
                new TerminalFeature(_sessions, _projects),
                new AgentListsFeature(agentStore, _projects, programs),
                new PushFeature(pushStore, notices, _options.PushToLoopback),
            ]),
            time,
            (type, exception) => DaemonLog.Failed(log, type, exception));
        _relay = relay = new RelayConnection(
            new RelayDialer(_options.Gateway).ConnectAsync, _tokens, _options.Enrol is { } enrol ? new EnrolAtRelay(enrol) : null,
            Machine.DescribeAsync, time, logging.CreateLogger<RelayConnection>())
        {
            Dispatch = router.DispatchAsync,
            ClientGone = clientId =>
            {
                search.ClientGone(clientId);
                _sessions.Detach(clientId);
                return Task.CompletedTask;
            },
        };

        // Stopped in the reverse order: no more requests, no more watching, then agents and commands end while there is still a way to tell, then the link.
        Use(relay);
        Use(_commands);
        Use(_sessions);
        Use(Watcher);
        ControlPlaneUrl = Use(await ControlPlaneServer.StartAsync(this, paths, configureLogging, cancellationToken)).Address.Url;
        Use(new Disposal(relay.RefuseRequests));
        foreach (var project in _projects.All())
        {
            Watcher.Add(project);
        }

        _ = _sessions.RecoverAsync(_projects.All().Select(p => p.ProjectId).ToHashSet()).ContinueWith(
            recovery => DaemonLog.NotRecovered(log, recovery.Exception!), cancellationToken, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        Use(new NetworkWatch(() => _ = NetworkChangedAsync()));
        relay.Start();
        notices.Start();
        DaemonLog.Started(log, MachineDescription.Version, ControlPlaneUrl);
    }

    internal Task NetworkChangedAsync() => _relay.NetworkChangedAsync();

    private T Use<T>(T part)
    {
        _started.Push(part as IAsyncDisposable ?? new Disposal(((IDisposable)part!).Dispose));
        return part;
    }

    private ProjectStatus ToStatus(Project project) => new(project.ProjectId, project.Name, project.Path, Watcher.IsRunning(project.ProjectId), project.LastFsSeq);

    private sealed class Disposal(Action dispose) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            dispose();
            return ValueTask.CompletedTask;
        }
    }
}

internal static partial class DaemonLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "PocketCoder {Version} started, control plane at {Url}")]
    public static partial void Started(ILogger logger, string version, string url);

    [LoggerMessage(Level = LogLevel.Error, Message = "daemon.db was damaged and set aside as {File}. Projects must be added again")]
    public static partial void Damaged(ILogger logger, string file);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} processes of an earlier daemon were still there and were ended")]
    public static partial void LeftBehind(ILogger logger, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The relay does not know the name and projects of now; it is told at the next registration: {Reason}")]
    public static partial void RelayNotTold(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "A session could not be brought back as it was")]
    public static partial void NotRecovered(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "A {Type} failed")]
    public static partial void Failed(ILogger logger, string type, Exception exception);
}
