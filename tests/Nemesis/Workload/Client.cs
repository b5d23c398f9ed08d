using System.Text.Json;
using System.Text.Json.Nodes;
using PocketCoder.Nemesis.History;

namespace PocketCoder.Nemesis.Workload;

/// <summary>
/// A client that loses nothing by itself: when its connection breaks it comes again, attaches by its cursor, and sends what was not acknowledged once more
/// under the same id. What it does is decided by its seed; everything that it did and heard is recorded.
/// </summary>
internal sealed partial class Client(int number, int seed, Surroundings world)
{
    private readonly Random _random = new(seed);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Followed> _sessions = [];
    private readonly Queue<Message> _unacknowledged = new();
    private readonly List<Message> _acknowledged = [];

    private sealed record Message(string Id, string? Session, string Text, bool Steer = false)
    {
        public bool WasSent { get; set; }
    }

    /// <summary>Works until it is told to stop and all that it sent is acknowledged.</summary>
    public async Task RunAsync(CancellationToken stop, CancellationToken giveUp)
    {
        while (!IsDone(stop))
        {
            giveUp.ThrowIfCancellationRequested();
            try
            {
                await using var link = await Link.ConnectAsync(world.Relay, Heard);
                await link.AskAsync("client_register", new JsonObject { ["token"] = world.AccessToken });
                StopFollowing();
                await WorkAsync(link, stop, giveUp);
            }
            catch (Exception ex) when (ex is LinkLostException or RefusedException)
            {
                await Task.Delay(_random.Next(10, 150), CancellationToken.None);
            }
        }
    }

    private bool IsDone(CancellationToken stop) => stop.IsCancellationRequested && _unacknowledged.Count == 0;

    private async Task WorkAsync(Link link, CancellationToken stop, CancellationToken giveUp)
    {
        while (!IsDone(stop))
        {
            giveUp.ThrowIfCancellationRequested();
            try
            {
                if (_unacknowledged.TryPeek(out var message))
                {
                    if (await SendAsync(link, message))
                    {
                        _acknowledged.Add(message);
                    }

                    _unacknowledged.Dequeue();
                }
                else
                {
                    await OperateAsync(link);
                }

                await Task.Delay(_random.Next(40), CancellationToken.None);
            }
            catch (RefusedException refused) when (refused.Code == "MACHINE_OFFLINE")
            {
                // It may come back on this very connection.
                await Task.Delay(_random.Next(20, 200), CancellationToken.None);
            }
        }
    }

    private void Heard(Link link, JsonElement message)
    {
        switch (message.GetProperty("type").GetString())
        {
            case "agent_event" when LoggedEvent.Of(message.GetProperty("payload")) is { } happened:
                lock (_lock)
                {
                    world.Recorder.Add(new Saw(number, link.Number, happened));
                    Of(happened.Session).Hear(happened);
                }

                break;
            case "daemon_status":
                lock (_lock)
                {
                    world.Recorder.Add(new MachineChanged(number, link.Number));
                }

                StopFollowing();
                break;
        }
    }

    private void StopFollowing()
    {
        lock (_lock)
        {
            foreach (var session in _sessions.Values)
            {
                session.Follows = false;
            }
        }
    }

    // Under the lock.
    private Followed Of(string session) => _sessions.TryGetValue(session, out var known) ? known : _sessions[session] = new Followed(session);

    // Under the lock where it matters in which order things were heard.
    private void Record(Entry entry) => world.Recorder.Add(entry);
}
