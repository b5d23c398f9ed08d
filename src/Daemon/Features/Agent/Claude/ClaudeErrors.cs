using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Agent.Claude;

/// <summary>What Claude Code says when a turn fails, with a code that does not depend on its wording and what to do about it.</summary>
internal static class ClaudeErrors
{
    public const string NotLoggedIn = "not_logged_in";

    public static AgentError Read(string? error, string text) => error switch
    {
        "authentication_failed" => new AgentError(NotLoggedIn, text, Action: ClaudeLocator.LogIn) { AgentSessionId = "" },
        "server_error" when text.Contains("verloaded", StringComparison.Ordinal) => new AgentError("overloaded", text) { AgentSessionId = "" },
        "model_not_found" => new AgentError("model_not_found", text, Action: "Choose another model for the session.") { AgentSessionId = "" },
        "billing_error" => new AgentError("billing_error", text, Action: "Look at the balance of the account that Claude Code is logged in with.") { AgentSessionId = "" },
        _ => new AgentError(error ?? "unknown", text) { AgentSessionId = "" },
    };
}
