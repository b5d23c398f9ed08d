using System.Security.Cryptography;
using System.Text.Json;
using PocketCoder.Protocol;
using PocketCoder.Protocol.Messaging;

namespace PocketCoder.Daemon.Features.Git;

/// <summary>
/// What is asked for under a key is done once: who asks again, because the answer was lost on the way, gets the answer of the first time, or waits for it.
/// A failure is forgotten, so that it can be tried again.
/// </summary>
internal sealed class GitOnce(TimeProvider time) : IAsyncDisposable
{
    private const int MaxAnswers = 1_000, MaxBytes = Wire.MaxMessageBytes;
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(15);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<Work, Task> _begun = [];
    private readonly Queue<(Work Work, int Bytes, long At)> _done = new();
    private int _bytes;

    /// <summary>Another one after a restart, which remembers nothing.</summary>
    public string Memory { get; } = Guid.NewGuid().ToString("N");

    public void Map<TRequest, TResponse>(MessageRoutes routes, Func<TRequest, RequestContext, CancellationToken, Task<TResponse>> handler)
        where TRequest : IRequest<TResponse>, IKeyed
        where TResponse : IMessage =>
        routes.Map<TRequest, TResponse>((request, context, cancellationToken) => request.Key switch
        {
            null => handler(request, context, cancellationToken),
            { } key when Guid.TryParse(key, out _) =>
                Begin(new Work(TRequest.Type, context.ProjectId, HashOf(request)), () => handler(request, context, _stopping.Token)).WaitAsync(cancellationToken),
            _ => throw new RequestException(ErrorCode.InvalidRequest, "key must be a UUID."),
        });

    /// <summary>Git is ended, and has given up its locks and files when this is over.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        Task[] begun;
        lock (_lock)
        {
            begun = [.. _begun.Values];
        }

        await Task.WhenAll(begun).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private Task<T> Begin<T>(Work work, Func<Task<T>> run)
    {
        lock (_lock)
        {
            ForgetOld();
            if (_begun.TryGetValue(work, out var begun))
            {
                return (Task<T>)begun;
            }

            var task = RunAsync(work, run);
            _begun.Add(work, task);
            return task;
        }
    }

    // Not with the token of the connection: what is begun goes on when that breaks, and is there to be asked for.
    private async Task<T> RunAsync<T>(Work work, Func<Task<T>> run)
    {
        await Task.Yield();
        try
        {
            var answer = await run();
            var bytes = BytesOf(answer).Length;
            lock (_lock)
            {
                _done.Enqueue((work, bytes, time.GetTimestamp()));
                _bytes += bytes;
                ForgetOld();
            }

            return answer;
        }
        catch
        {
            lock (_lock)
            {
                _begun.Remove(work);
            }

            throw;
        }
    }

    private void ForgetOld()
    {
        while (_done.TryPeek(out var oldest) && (_done.Count > MaxAnswers || _bytes > MaxBytes || time.GetElapsedTime(oldest.At) > Remembered))
        {
            _done.Dequeue();
            _begun.Remove(oldest.Work);
            _bytes -= oldest.Bytes;
        }
    }

    // Of the key and all else: a key that somebody else uses too, for something else, is another's.
    private static string HashOf<T>(T request) => Convert.ToHexString(SHA256.HashData(BytesOf(request)));

    private static byte[] BytesOf<T>(T message) => JsonSerializer.SerializeToUtf8Bytes(message, ProtocolJson.For<T>());

    private readonly record struct Work(string Type, string? ProjectId, string Request);
}
