namespace PocketCoder.Relay;

/// <summary>A bucket that fills at a rate up to a burst. It may be overdrawn by what is already there; then it says how long to wait. Thread-safe.</summary>
internal sealed class Budget(TimeProvider time, double perSecond, double burst)
{
    private readonly Lock _lock = new();
    private readonly double _burst = burst;
    private double _left = burst, _taken;
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

    /// <summary>All that was ever taken here.</summary>
    public double Taken
    {
        get
        {
            lock (_lock)
            {
                return _taken;
            }
        }
    }

    /// <summary>What can be taken now without a debt; less than zero: the debt.</summary>
    public double Left
    {
        get
        {
            lock (_lock)
            {
                Refill();
                return _left;
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
            _taken += amount;
            return true;
        }
    }

    /// <summary>Takes it in any case; how long it is until the debt is paid.</summary>
    /// <param name="amount">How much.</param>
    /// <param name="isOwn">False for what was taken elsewhere: it is not among what was taken here.</param>
    public TimeSpan Take(double amount, bool isOwn = true)
    {
        lock (_lock)
        {
            Refill();
            _left -= amount;
            _taken += isOwn ? amount : 0;
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
