using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using PocketCoder.Daemon.Features.Files;
using PocketCoder.Protocol;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>
/// An attacker who may change the project (the agent, say) swaps a directory for a link to somewhere else, as fast as it can, while we open a file in it.
/// Whoever looks at the path first and opens it then is fooled now and then; the kernel is not.
/// </summary>
[Collection(nameof(Alone))]
public sealed partial class RacingAttackerTests(ITestOutputHelper output) : IDisposable
{
    private const int Opens = 30_000;
    private readonly TempDirectory _directory = new();
    private readonly CancellationTokenSource _done = new();
    private Task _attack = Task.CompletedTask;

    private string Root => _directory["project"];

    private void Attack()
    {
        _directory.Write("project/dir/file", "inside");
        _directory.Write("outside/file", "OUTSIDE");
        Directory.CreateSymbolicLink(_directory["project/link"], _directory["outside"]);
        _attack = Task.Factory.StartNew(() =>
        {
            const int exchange = 2, currentDirectory = -100;
            while (!_done.IsCancellationRequested)
            {
                _ = renameat2(currentDirectory, _directory["project/dir"], currentDirectory, _directory["project/link"], exchange);
            }
        }, _done.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private static bool IsOutside(SafeFileHandle file)
    {
        Span<byte> first = stackalloc byte[1];
        return RandomAccess.Read(file, first, 0) == 1 && first[0] == 'O';
    }

    // What others do: ask where the path leads, then open it.
    private bool NaiveEscapes()
    {
        try
        {
            var path = Path.Combine(Root, "dir/file");
            var real = new DirectoryInfo(Path.GetDirectoryName(path)!).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? Path.GetDirectoryName(path)!;
            if (!real.StartsWith(Root + "/", StringComparison.Ordinal))
            {
                return false;
            }

            using var file = File.OpenHandle(path);
            return IsOutside(file);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private bool OursEscapes(ref int opened)
    {
        try
        {
            using var tree = ProjectTree.Open(Root);
            using var file = tree.OpenFile("dir/file");
            opened++;
            return IsOutside(file);
        }
        catch (RequestException)
        {
            return false;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Opening_a_file_never_leads_out_and_checking_its_path_first_does(bool withoutOpenat2)
    {
        Attack();
        var (naive, naiveOpens, ours, opened, tried) = (0, 0, 0, 0, 0);
        Native.WithoutOpenat2 = withoutOpenat2;
        try
        {
            // Both sides in turn, until ours had its number and the attack was seen to work.
            for (; tried < Opens || naive == 0 && tried < Opens * 50; tried++)
            {
                naiveOpens++;
                naive += NaiveEscapes() ? 1 : 0;
                ours += OursEscapes(ref opened) ? 1 : 0;
            }
        }
        finally
        {
            Native.WithoutOpenat2 = false;
            await _done.CancelAsync();
            await _attack;
        }

        output.WriteLine($"{(withoutOpenat2 ? "component by component" : "openat2")}: {ours} escapes of {tried} tries ({opened} opened); a path checked first: {naive} escapes of {naiveOpens}");
        Assert.Equal(0, ours);
        Assert.True(naive > 0, "The attack did not work, so this shows nothing.");
        Assert.True(opened > 0);
    }

    [Fact]
    public async Task Nothing_is_written_made_moved_or_deleted_outside()
    {
        Attack();
        try
        {
            for (var i = 0; i < 3_000; i++)
            {
                foreach (var change in (Action<ProjectTree>[])[
                    tree => tree.Write("dir/new", "x"u8, null, createDirectories: false),
                    tree => tree.Write("dir/deep/new", "x"u8, null, createDirectories: true),
                    tree => tree.CreateDirectory("dir/made", parents: false),
                    tree => tree.Rename("dir/new", "dir/moved", overwrite: true),
                    tree => tree.Delete("dir/file", recursive: false),
                    tree => tree.Delete("dir/deep", recursive: true)])
                {
                    try
                    {
                        using var tree = ProjectTree.Open(Root);
                        change(tree);
                    }
                    catch (RequestException)
                    {
                    }
                }
            }
        }
        finally
        {
            await _done.CancelAsync();
            await _attack;
        }

        Assert.Equal(["file"], Directory.GetFileSystemEntries(_directory["outside"]).Select(Path.GetFileName));
        Assert.Equal("OUTSIDE", File.ReadAllText(_directory["outside/file"]));
    }

    [Fact]
    public void A_project_whose_directory_became_a_link_is_not_opened()
    {
        _directory.Write("elsewhere/secret", "x");
        Directory.CreateSymbolicLink(Root, _directory["elsewhere"]);

        foreach (var withoutOpenat2 in (bool[])[false, true])
        {
            Native.WithoutOpenat2 = withoutOpenat2;
            try
            {
                Assert.Throws<RequestException>(() => ProjectTree.Open(Root));
            }
            finally
            {
                Native.WithoutOpenat2 = false;
            }
        }
    }

    public void Dispose()
    {
        _done.Dispose();
        _directory.Dispose();
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int renameat2(int directory, string path, int newDirectory, string newPath, uint flags);
}
