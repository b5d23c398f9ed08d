namespace PocketCoder.Relay;

/// <summary>A bucket that fills at a rate up to a burst. It may be overdrawn by what is already there; then it says how long to wait. Thread-safe.</summary>
internal sealed class Budget(TimeProvider time, double perSecond, double burst)
{
    private readonly Lock _lock = new();
    private readonly double _burst = burst;
    private double _left = burst;
    private long _last = time.GetTimestamp();

    /// <summary>Full again: nothing is remembered of whoever used it.</summary>
    public bool IsFull
    {
        get
        {
            lock (_lock)
            {
                Refill();
                return _left >= _burst;
            }
        }
    }

    /// <summary>False when there is not that much; then nothing is taken.</summary>
    public bool TryTake(double amount)
    {
        lock (_lock)
        {
            Refill();
            if (_left < amount)
            {
                return false;
            }

            _left -= amount;
            return true;
        }
    }

    /// <summary>Takes it in any case; how long it is until the debt is paid.</summary>
    public TimeSpan Take(double amount)
    {
        lock (_lock)
        {
            Refill();
            _left -= amount;
            return _left >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_left / perSecond);
        }
    }

    private void Refill()
    {
        var now = time.GetTimestamp();
        _left = Math.Min(_burst, _left + (time.GetElapsedTime(_last, now).TotalSeconds * perSecond));
        _last = now;
    }
}
