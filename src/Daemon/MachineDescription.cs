using System.Reflection;
using System.Runtime.InteropServices;
using PocketCoder.Daemon.Features.Agent.Claude;
using PocketCoder.Daemon.Features.Projects;
using PocketCoder.Daemon.Relay;
using PocketCoder.Protocol;
using PocketCoder.Storage;

namespace PocketCoder.Daemon;

/// <summary>What this machine is called and what it can do.</summary>
internal sealed class MachineDescription(DaemonPaths paths, ProjectStore projects, ClaudeLocator claude)
{
    private const int LabelLength = 64;

    /// <summary>What is said to who sets a label that is none.</summary>
    public static string LabelRule { get; } = $"A label has 1 to {LabelLength} characters and no control characters.";

    public static string Version { get; } =
        typeof(MachineDescription).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    public string Label => File.Exists(paths.MachineLabel) && Clean(File.ReadAllText(paths.MachineLabel)) is { Length: > 0 } label ? label : Environment.MachineName;

    /// <summary>False when the text has no characters that a label may have, or too many.</summary>
    public bool TrySetLabel(string text)
    {
        var label = Clean(text);
        if (label.Length is 0 or > LabelLength || label.Length != text.Trim().Length)
        {
            return false;
        }

        PrivateFile.WriteAllBytes(paths.MachineLabel, System.Text.Encoding.UTF8.GetBytes(label + "\n"));
        return true;
    }

    public async Task<(MachineInfo, IReadOnlyList<RegisteredProject>, Capabilities)> DescribeAsync(CancellationToken cancellationToken) => (
        new MachineInfo(Label, Environment.MachineName, Platform, RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant(), Version),
        [.. projects.All().Select(p => new RegisteredProject(p.ProjectId, p.Name))],
        await CapabilitiesAsync(cancellationToken));

    public async Task<Capabilities> CapabilitiesAsync(CancellationToken cancellationToken)
    {
        List<string> warnings = [];
        var installation = await claude.FindAsync(cancellationToken);
        if (installation is null)
        {
            warnings.Add("Claude Code was not found. Install it: npm install -g @anthropic-ai/claude-code");
        }

        var hasGit = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Any(directory => File.Exists(Path.Combine(directory, OperatingSystem.IsWindows() ? "git.exe" : "git")));
        if (!hasGit)
        {
            warnings.Add("git was not found. Install it to see and change the state of projects.");
        }

        if (File.Exists(paths.Auth + TokenStore.DamagedSuffix) && !RelayLogin.IsLoggedIn(paths))
        {
            warnings.Add("auth.json was damaged and is set aside as auth.json.damaged. Log in again: pocketcoder login");
        }

        return new Capabilities(hasGit, installation is not null)
        {
            ClaudeVersion = installation?.Version,
            ClaudeStoreFound = Directory.Exists(Path.Combine(ClaudeDirectory, "projects")),
            Warnings = warnings,
        };
    }

    private static string ClaudeDirectory => Environment.GetEnvironmentVariable("CLAUDE_CONFIG_DIR") is { Length: > 0 } chosen
        ? chosen
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".claude");

    private static string Platform => OperatingSystem.IsWindows() ? "win32" : OperatingSystem.IsMacOS() ? "darwin" : "linux";

    private static string Clean(string text) => string.Concat(text.Where(c => !char.IsControl(c))).Trim();
}
