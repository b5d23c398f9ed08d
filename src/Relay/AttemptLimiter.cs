using PocketCoder.Relay.Stores;

namespace PocketCoder.Relay;

/// <summary>Bounds by address and minute what strangers try: so that a code cannot be guessed at speed, and nobody spends what the relay may ask of a sign-in service.</summary>
internal sealed class AttemptLimiter(IAttemptStore attempts, string what)
{
    public async Task<bool> AllowsAsync(string address) => await attempts.CountAsync(what, address) <= Limits.PairingAttemptsPerMinute;
}
