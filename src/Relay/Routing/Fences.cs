namespace PocketCoder.Relay.Routing;

/// <summary>
/// Numbers the connections of machines, so that of two that claim the same key the later one is known without comparing clocks. One relay alone counts by itself.
/// </summary>
internal sealed class Fences
{
    private long _last;

    public ValueTask<long> NextAsync(string machineKey)
    {
        _ = machineKey;
        return ValueTask.FromResult(Interlocked.Increment(ref _last));
    }
}
