using System.ComponentModel;
using System.Diagnostics;
using PocketCoder.Daemon.Features.Agent.Claude;
using PocketCoder.Daemon.Processes;
using PocketCoder.Protocol;

namespace PocketCoder.Cli.Checks;

/// <summary>The two programs that the daemon runs.</summary>
internal static class ToolChecks
{
    // GIT_CONFIG_COUNT, which keeps a repository from running programs, came with 2.31; safe.bareRepository with 2.38.
    private static readonly Version NeededGit = new(2, 31), WantedGit = new(2, 38);

    public static async Task<DoctorCheck> GitAsync(CancellationToken cancellationToken)
    {
        const string name = "git", update = "Install a newer git.";
        var missing = new DoctorCheck(name, CheckState.Failed, "was not found", "Install it, to see and change the state of projects.");
        if (Programs.Find("git") is not { } program)
        {
            return missing;
        }

        string output;
        try
        {
            using var git = Process.Start(new ProcessStartInfo(program, "--version") { RedirectStandardOutput = true })!;
            output = (await git.StandardOutput.ReadToEndAsync(cancellationToken)).Trim();
            await git.WaitForExitAsync(cancellationToken);
        }
        catch (Win32Exception)
        {
            return missing;
        }

        return VersionIn(output) switch
        {
            null => new DoctorCheck(name, CheckState.Warning, $"does not say its version: {PeopleText.Plain(output)}", update),
            var version when version < NeededGit => new DoctorCheck(name, CheckState.Failed, $"{version} is too old to be kept from running what a repository says", update),
            var version when version < WantedGit => new DoctorCheck(name, CheckState.Warning, $"{version} does not guard against repositories inside repositories", update),
            var version => new DoctorCheck(name, CheckState.Ok, $"{version}"),
        };
    }

    /// <summary>Found, which version, logged in: the CLI says so itself, without a request to its maker.</summary>
    public static async Task<DoctorCheck> ClaudeAsync(CancellationToken cancellationToken)
    {
        const string name = "claude";
        using ClaudeLocator locator = new(Environment.GetEnvironmentVariable("POCKETCODER_CLAUDE") is { Length: > 0 } chosen ? chosen : null, TimeProvider.System);
        try
        {
            var claude = await locator.RequireAsync(cancellationToken);
            return new DoctorCheck(name, CheckState.Ok, $"{claude.Version}, logged in ({claude.Path})");
        }
        catch (RequestException unavailable)
        {
            var action = unavailable.Details?.Action;
            return new DoctorCheck(name, CheckState.Failed, action is null ? unavailable.Message : unavailable.Message.Replace(action, "", StringComparison.Ordinal).Trim(), action);
        }
    }

    // "git version 2.39.5 (Apple Git-154)"
    internal static Version? VersionIn(string output) =>
        output.Split(' ') is [_, _, var number, ..] && Version.TryParse(string.Join('.', number.Split('.').TakeWhile(part => part.All(char.IsAsciiDigit)).Take(3)), out var version)
            ? version
            : null;
}
