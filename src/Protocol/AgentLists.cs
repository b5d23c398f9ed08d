namespace PocketCoder.Protocol;

/// <summary>The agents that this machine can run. Carries no project.</summary>
public sealed record AgentsListRequest : IRequest<AgentsListResponse>
{
    public static string Type => "agents_list";
}

public sealed record AgentsListResponse(IReadOnlyList<AgentDescription> Agents) : IMessage
{
    public static string Type => "agents_list_response";
}

/// <summary><c>agent</c> is its name in <c>agent_session_new</c>. One that is not <c>available</c> says in <c>action</c> what to do on the machine.</summary>
public sealed record AgentDescription(string Agent, string Name, bool Available, string? Version = null, string? Action = null);

/// <summary>The slash commands of an agent in a project.</summary>
public sealed record AgentCommandsRequest(string? Agent = null) : IRequest<AgentCommandsResponse>
{
    public static string Type => "agent_commands";
}

public sealed record AgentCommandsResponse(IReadOnlyList<AgentCommand> Commands) : IMessage
{
    public static string Type => "agent_commands_response";
}

/// <summary><c>name</c> without the slash; <c>argumentHint</c> is what may follow it.</summary>
public sealed record AgentCommand(string Name, string Description, string? ArgumentHint = null);

/// <summary>
/// Everything on this machine that waits for a person, in all projects, the oldest first: <c>prompts</c> to be answered, and in <c>problems</c> the sessions whose
/// last turn failed, until they go on or are dismissed. Carries no project.
/// </summary>
public sealed record AgentPromptsListRequest : IRequest<AgentPromptsListResponse>
{
    public static string Type => "agent_prompts_list";
}

public sealed record AgentPromptsListResponse(IReadOnlyList<OpenPrompt> Prompts, IReadOnlyList<SessionProblem>? Problems = null) : IMessage
{
    public static string Type => "agent_prompts_list_response";
}

/// <summary><c>prompt</c> is the event as those who follow the session have it.</summary>
public sealed record OpenPrompt(string ProjectId, string AgentSessionId, string Title, AgentPrompt Prompt);

/// <summary>Why the last turn of a session failed: the agent's own <c>error</c> (a limit that was reached says when it resets), or <c>interrupted</c>, or <c>failed</c>.</summary>
public sealed record SessionProblem(
    string ProjectId, string AgentSessionId, string Title, DateTimeOffset At, string Code, string Message, DateTimeOffset? ResetsAt = null, string? Action = null);

/// <summary>A person has seen the problem of this session: it waits for nobody any more. Answered alike when there is none.</summary>
public sealed record AgentProblemDismissRequest(string AgentSessionId) : IRequest<AgentProblemDismissResponse>
{
    public static string Type => "agent_problem_dismiss";
}

public sealed record AgentProblemDismissResponse : IMessage
{
    public static string Type => "agent_problem_dismiss_response";
}
