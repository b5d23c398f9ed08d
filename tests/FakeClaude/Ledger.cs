namespace PocketCoder.FakeClaude;

/// <summary>
/// What was really given to be run, for whoever has to know it without asking the daemon: one line each time, written before the turn begins and also when
/// the message is known already. Each process has a file of its own, so that none writes over another, and a line that is written survives the process.
/// </summary>
internal sealed class Ledger(string? directory)
{
    private readonly string? _file = directory is null ? null : Path.Combine(directory, $"{Guid.NewGuid()}.txt");

    public static Ledger FromEnvironment() =>
        new(Environment.GetEnvironmentVariable("FAKE_CLAUDE_LEDGER") is { Length: > 0 } directory ? directory : null);

    public void Note(string? uuid, string text)
    {
        if (_file is not null)
        {
            File.AppendAllText(_file, $"{uuid} {text.ReplaceLineEndings(" ")}\n");
        }
    }
}
