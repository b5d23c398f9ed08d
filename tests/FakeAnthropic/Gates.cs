namespace PocketCoder.FakeAnthropic;

/// <summary>Where a stream stands still until a test lets it go on, so that a test never has to sleep. A released gate stays open.</summary>
internal sealed class Gates
{
    private readonly Dictionary<string, Gate> _gates = [];

    public IReadOnlyList<string> Waiting
    {
        get
        {
            lock (_gates)
            {
                return [.. _gates.Where(gate => gate.Value.Waiting > 0).Select(gate => gate.Key)];
            }
        }
    }

    /// <summary>Returns how many streams stood there.</summary>
    public int Release(string name)
    {
        lock (_gates)
        {
            var gate = Find(name);
            gate.Opened.TrySetResult();
            return gate.Waiting;
        }
    }

    public async Task WaitAsync(string name, CancellationToken cancellationToken)
    {
        Gate gate;
        lock (_gates)
        {
            gate = Find(name);
            gate.Waiting++;
        }

        try
        {
            await gate.Opened.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (_gates)
            {
                gate.Waiting--;
            }
        }
    }

    private Gate Find(string name)
    {
        if (!_gates.TryGetValue(name, out var gate))
        {
            gate = _gates[name] = new Gate();
        }

        return gate;
    }

    private sealed class Gate
    {
        public TaskCompletionSource Opened { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Waiting { get; set; }
    }
}
