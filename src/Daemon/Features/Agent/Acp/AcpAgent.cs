using PocketCoder.Daemon.Processes;

namespace PocketCoder.Daemon.Features.Agent.Acp;

/// <summary>An agent that speaks the Agent Client Protocol, and how it is had and started.</summary>
/// <param name="Id">Its name in <c>agent_session_new</c>.</param>
/// <param name="Command">The executable's name.</param>
/// <param name="Argument">What makes it speak ACP; null when it does nothing else.</param>
/// <param name="OlderArgument">What versions that do not know <paramref name="Argument"/> call it.</param>
/// <param name="Package">Its npm package.</param>
/// <param name="LogIn">What to do on the machine when it says that nobody is logged in.</param>
internal sealed record AcpAgent(string Id, string Title, string Command, string? Argument, string? OlderArgument, string Package, string LogIn)
{
    public static readonly AcpAgent Gemini = new(
        "gemini", "Gemini CLI", "gemini", "--acp", "--experimental-acp", "@google/gemini-cli", "Log in on the machine: run gemini and type /auth");

    /// <summary>Claude Code by way of an adapter; <see cref="Claude.ClaudeProgram"/> drives it without one, and carries more.</summary>
    public static readonly AcpAgent ClaudeAdapter = new(
        "claude-acp", "Claude Code (ACP)", "claude-agent-acp", null, null, "@agentclientprotocol/claude-agent-acp", "Log in on the machine: run claude and type /login");

    public string Install => $"Install it on the machine: npm install -g {Package}";

    /// <summary>The executable's absolute path; null when it is not there.</summary>
    /// <param name="chosen">A path to take instead of looking for one.</param>
    public string? Find(string? chosen) => chosen is null ? Programs.FindInstalled(Command) : File.Exists(chosen) ? Path.GetFullPath(chosen) : null;
}
