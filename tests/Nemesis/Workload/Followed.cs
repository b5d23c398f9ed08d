using PocketCoder.Nemesis.History;

namespace PocketCoder.Nemesis.Workload;

/// <summary>A session as one client knows it: how far it has come, and what of it is open.</summary>
internal sealed class Followed(string id)
{
    private readonly HashSet<string> _prompts = [];
    private readonly HashSet<string> _messages = [];

    public string Id => id;

    public long Cursor { get; private set; }

    /// <summary>Whatever happens will be sent on the present connection.</summary>
    public bool Follows { get; set; }

    public string Epoch { get; set; } = "";

    public string? OpenPrompt => _prompts.FirstOrDefault();

    /// <summary>The messages without an end.</summary>
    public int Open => _messages.Count;

    /// <summary>Forgets everything, to be told again from the start.</summary>
    public void Forget()
    {
        Cursor = 0;
        _prompts.Clear();
        _messages.Clear();
    }

    public void ForgetPrompt(string promptId) => _prompts.Remove(promptId);

    /// <summary>Takes the next event; what it has already, or what does not follow, it passes over.</summary>
    public void Hear(LoggedEvent happened)
    {
        if (happened.Seq != Cursor + 1)
        {
            return;
        }

        Cursor = happened.Seq;
        switch (happened)
        {
            case { Type: "user", MessageId: { } asked }:
                _messages.Add(asked);
                break;
            case { Type: "prompt", PromptId: { } opened }:
                _prompts.Add(opened);
                break;
            case { Type: "prompt_resolved", PromptId: { } closed }:
                _prompts.Remove(closed);
                break;
            case { Type: "done" }:
                _messages.ExceptWith(happened.Ends());
                break;
        }
    }
}
