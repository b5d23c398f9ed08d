using System.Diagnostics;
using System.Globalization;
using System.Security.Authentication;
using PocketCoder.Daemon;
using PocketCoder.Daemon.Relay;
using PocketCoder.Protocol;

namespace PocketCoder.Cli.Checks;

/// <summary>The way to the relay, whether it knows this machine, and whether the two agree about the time.</summary>
internal static class RelayChecks
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task<IReadOnlyList<DoctorCheck>> RunAsync(DaemonPaths paths, Uri gateway, DaemonStatusReport? status, CancellationToken cancellationToken)
    {
        var loggedIn = status?.LoggedIn ?? RelayLogin.IsLoggedIn(paths);
        List<DoctorCheck> checks = [Login(loggedIn, running: status is not null, ownRelay: Directory.Exists(paths.Relay))];
        if (status is null && !loggedIn && Gateway.Chosen() is null)
        {
            // Which relay it is to be is not decided yet.
            return checks;
        }

        using HttpClient http = new() { Timeout = Patience };
        var watch = Stopwatch.StartNew();
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, HealthOf(gateway));
            using var response = await http.SendAsync(request, cancellationToken);
            var took = status?.Relay is { Connected: true, RoundTripMs: { } measured } ? measured : watch.Elapsed.TotalMilliseconds;
            checks.Add(Reached(gateway, status, response.IsSuccessStatusCode, took));
            if (response.Headers.Date is { } date)
            {
                checks.Add(Clock(date, DateTimeOffset.UtcNow));
            }
        }
        catch (Exception ex) when (ex is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            checks.Add(ex.GetBaseException() is AuthenticationException
                ? new DoctorCheck("relay", CheckState.Failed, $"the certificate of {gateway.Host} is not one that this machine trusts", "Give the relay a certificate of a public authority, or put a proxy with one before it.")
                : new DoctorCheck("relay", CheckState.Failed, $"{gateway} does not answer", "Is the address right, the relay running, the network up? GATEWAY_URL and `pocketcoder login LINK` choose the relay."));
        }

        return checks;
    }

    /// <summary>How far this machine's clock is from the relay's, whose header counts whole seconds.</summary>
    internal static DoctorCheck Clock(DateTimeOffset relay, DateTimeOffset here)
    {
        const string name = "clock";
        var apart = (here - relay).Duration();
        var message = $"{apart.TotalSeconds.ToString("F0", CultureInfo.InvariantCulture)} s apart from the relay's";
        return apart.TotalSeconds switch
        {
            < 30 => new DoctorCheck(name, CheckState.Ok, message),
            < 300 => new DoctorCheck(name, CheckState.Warning, message, "Let the system set its clock: timedatectl set-ntp true"),
            _ => new DoctorCheck(name, CheckState.Failed, message + "; tokens live for ten minutes", "Let the system set its clock: timedatectl set-ntp true"),
        };
    }

    private static DoctorCheck Login(bool loggedIn, bool running, bool ownRelay) => (loggedIn, running, ownRelay) switch
    {
        (true, _, _) => new DoctorCheck("login", CheckState.Ok, "this machine is logged in"),
        (_, true, _) => new DoctorCheck("login", CheckState.Failed, "the relay does not know this machine", "pocketcoder login LINK, with a link that `pocketcoder pair` shows on the relay's machine"),
        (_, _, true) => new DoctorCheck("login", CheckState.Ok, "`pocketcoder up` logs in at its own relay"),
        _ => new DoctorCheck("login", CheckState.Warning, "this machine is logged in at no relay", "pocketcoder up has one of its own; for another one: pocketcoder login LINK"),
    };

    private static DoctorCheck Reached(Uri gateway, DaemonStatusReport? status, bool healthy, double milliseconds) => (healthy, status) switch
    {
        (false, _) => new DoctorCheck("relay", CheckState.Failed, $"what answers at {gateway} is no relay", "GATEWAY_URL and `pocketcoder login LINK` choose the relay."),
        (_, { LoggedIn: true, Relay.Connected: false }) => new DoctorCheck("relay", CheckState.Failed, $"{gateway} answers, but the daemon has no connection to it", "The log says why: pocketcoder logs"),
        _ => new DoctorCheck("relay", CheckState.Ok, $"{gateway} answers in {milliseconds.ToString("F1", CultureInfo.InvariantCulture)} ms"),
    };

    private static Uri HealthOf(Uri gateway) =>
        new UriBuilder(gateway) { Scheme = gateway.Scheme is "wss" or "https" ? "https" : "http", Path = "/health" }.Uri;
}
