using System.Buffers;
using System.Text;
using System.Threading.Channels;
using PocketCoder.Protocol;

namespace PocketCoder.Daemon.Features.Files.Search;

/// <summary>
/// One search. Which files come into question is asked of ripgrep or git, for they know what is ignored; each file itself is opened through the
/// <see cref="ProjectTree"/>, so that nothing outside is shown whatever they followed.
/// </summary>
internal sealed class FileSearch(ProjectTree tree, SearchCandidates candidates, FsSearchRequest request, int limit)
{
    private const int MaxFileBytes = 10 * 1024 * 1024;
    private const int BatchSize = 100;
    private const int MaxTextLength = 250, Before = 60;

    private readonly StringComparison _comparison = request.CaseSensitive == true ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;

    public async Task<FsSearchResponse> RunAsync(Func<FsSearchMatches, ValueTask> send, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var found = Channel.CreateBounded<FsMatch>(new BoundedChannelOptions(BatchSize * 4) { SingleReader = true });
        var looking = LookAsync(found.Writer, enough.Token);
        HashSet<string> files = new(StringComparer.Ordinal);
        List<FsMatch> batch = [];
        var (count, truncated) = (0, false);
        try
        {
            await foreach (var match in found.Reader.ReadAllAsync(CancellationToken.None))
            {
                if (count == limit)
                {
                    truncated = true;
                    await enough.CancelAsync();
                    continue;
                }

                count++;
                files.Add(match.Path);
                batch.Add(match);
                if (batch.Count == BatchSize || !found.Reader.TryPeek(out _))
                {
                    await send(new FsSearchMatches(batch));
                    batch = [];
                }
            }

            if (batch.Count > 0)
            {
                await send(new FsSearchMatches(batch));
            }
        }
        finally
        {
            // Also when nobody can be told any more: those who look must not wait for room, nor outlive the tree.
            await enough.CancelAsync();
            await looking;
        }

        return new FsSearchResponse(count, files.Count, truncated, Cancelled: cancellationToken.IsCancellationRequested);
    }

    private async Task LookAsync(ChannelWriter<FsMatch> found, CancellationToken cancellationToken)
    {
        try
        {
            var paths = candidates.Of(request, cancellationToken);
            if (request.Kind == FsSearchKind.Name)
            {
                var words = request.Query.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                await foreach (var path in paths)
                {
                    if (words.All(word => path.Contains(word, _comparison)) && tree.HasFile(path))
                    {
                        await found.WriteAsync(new FsMatch(path), cancellationToken);
                    }
                }
            }
            else
            {
                ParallelOptions parallel = new() { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Math.Clamp(Environment.ProcessorCount, 1, 4) };
                await Parallel.ForEachAsync(paths, parallel, (path, token) => LookIntoAsync(path, found, token));
            }
        }
        catch (OperationCanceledException)
        {
            // Enough was found, or nobody wants it any more.
        }
        finally
        {
            found.Complete();
        }
    }

    private async ValueTask LookIntoAsync(string path, ChannelWriter<FsMatch> found, CancellationToken cancellationToken)
    {
        var text = "";
        try
        {
            using var file = tree.OpenFile(path);
            var size = RandomAccess.GetLength(file);
            if (size is 0 or > MaxFileBytes)
            {
                return;
            }

            var buffer = ArrayPool<byte>.Shared.Rent((int)size);
            try
            {
                var bytes = buffer.AsSpan(0, RandomAccess.Read(file, buffer.AsSpan(0, (int)size), 0));
                if (bytes.Contains((byte)0))
                {
                    return;
                }

                text = Encoding.UTF8.GetString(bytes);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
        catch (Exception ex) when (ex is RequestException or IOException)
        {
            // Gone meanwhile, not ours to read, or no file.
            return;
        }

        foreach (var match in MatchesIn(path, text))
        {
            await found.WriteAsync(match, cancellationToken);
        }
    }

    /// <summary>The first match of each line that has one.</summary>
    private IEnumerable<FsMatch> MatchesIn(string path, string text)
    {
        var (line, counted) = (1, 0);
        for (var at = text.IndexOf(request.Query, _comparison); at >= 0;)
        {
            line += text.AsSpan(counted, at - counted).Count('\n');
            var start = text.LastIndexOf('\n', Math.Max(at - 1, 0), Math.Max(at, 0)) + 1;
            var end = text.IndexOf('\n', at) is var next and >= 0 ? next : text.Length;
            yield return new FsMatch(path, line, at - start + 1, Shown(text.AsSpan(start, end - start).TrimEnd('\r'), at - start));
            counted = at;
            at = end < text.Length ? text.IndexOf(request.Query, end, _comparison) : -1;
        }
    }

    private static string Shown(ReadOnlySpan<char> line, int at)
    {
        if (line.Length <= MaxTextLength)
        {
            return line.ToString();
        }

        var start = Math.Clamp(at - Before, 0, line.Length - MaxTextLength);
        return line.Slice(start, MaxTextLength).ToString();
    }
}
