using PocketCoder.Daemon.Relay;
using PocketCoder.Protocol;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests;

/// <summary>auth.json between the daemon and the commands.</summary>
public sealed class TokenTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Of_two_who_want_the_tokens_one_waits_until_the_other_is_done()
    {
        TokenStore first = new(_directory["auth.json"]), second = new(_directory["auth.json"]);
        var held = await first.LockAsync(CancellationToken.None);
        var waiting = second.LockAsync(CancellationToken.None);
        Assert.False(waiting.IsCompleted);

        held.Dispose();

        using var taken = await waiting.WaitAsync(TestClient.Patience, TestContext.Current.CancellationToken);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_directory["auth.json.lock"]));
    }

    [Fact]
    public async Task Who_gives_up_waiting_holds_nothing()
    {
        TokenStore store = new(_directory["auth.json"]);
        var held = await store.LockAsync(CancellationToken.None);
        using CancellationTokenSource impatience = new();
        var waiting = store.LockAsync(impatience.Token);

        await impatience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        held.Dispose();
        (await store.LockAsync(CancellationToken.None)).Dispose();
    }
}
