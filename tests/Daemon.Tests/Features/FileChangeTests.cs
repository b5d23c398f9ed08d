using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

public sealed class FileChangeTests : SystemTests
{
    private Task<JsonObject> WriteAsync(string path, string content, string? expectedEtag = null, bool createDirectories = false) => AskAsync("fs_write", new JsonObject
    {
        ["path"] = path,
        ["content"] = content,
        ["expectedEtag"] = expectedEtag,
        ["createDirectories"] = createDirectories,
    });

    private async Task<JsonObject> ReadAsync(string path) => await DoAsync("fs_read", new JsonObject { ["path"] = path });

    private string[] Names(string directory = "") => [.. Directory.EnumerateFileSystemEntries(Project[directory]).Select(p => Path.GetFileName(p)!).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task A_file_is_created_and_replaced_and_its_mode_stays()
    {
        var created = await WriteAsync("a.sh", "one");
        File.SetUnixFileMode(Project["a.sh"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead);
        var replaced = await WriteAsync("a.sh", "zwölf\n");

        Assert.Equal(3, (int)created["payload"]!["size"]!);
        Assert.Equal(7, (int)replaced["payload"]!["size"]!);
        Assert.True((bool)replaced["payload"]!["success"]!);
        Assert.Equal("zwölf\n", await File.ReadAllTextAsync(Project["a.sh"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead, File.GetUnixFileMode(Project["a.sh"]));
        Assert.Equal(["a.sh"], Names());
        Assert.Equal((string?)replaced["payload"]!["etag"], (string?)(await ReadAsync("a.sh"))["etag"]);
    }

    [Fact]
    public async Task A_stale_etag_is_a_conflict_that_names_the_present_one_and_writes_nothing()
    {
        Project.Write("a.txt", "first");
        var read = (string)(await ReadAsync("a.txt"))["etag"]!;
        Project.Write("a.txt", "other");

        var stale = await WriteAsync("a.txt", "mine", read);
        var present = (string)stale["error"]!["details"]!["etag"]!;
        var fresh = await WriteAsync("a.txt", "mine", present);
        var again = await WriteAsync("a.txt", "mine too", present);
        var gone = await WriteAsync("b.txt", "mine", "1-1-1");

        Assert.Equal("CONFLICT", Code(stale));
        Assert.NotEqual(read, present);
        Assert.Null(fresh["error"]);
        Assert.Equal("CONFLICT", Code(again));
        Assert.Equal("CONFLICT", Code(gone));
        Assert.Equal("mine", await File.ReadAllTextAsync(Project["a.txt"]));
        Assert.Equal(["a.txt"], Names());
    }

    [Fact]
    public async Task An_empty_etag_creates_and_never_replaces()
    {
        var created = await WriteAsync("new.txt", "mine", expectedEtag: "");
        var taken = await WriteAsync("new.txt", "again", expectedEtag: "");

        Assert.Null(created["error"]);
        Assert.Equal("CONFLICT", Code(taken));
        Assert.Equal("mine", await File.ReadAllTextAsync(Project["new.txt"]));
    }

    [Fact]
    public async Task Of_two_writers_with_the_same_etag_exactly_one_wins()
    {
        Project.Write("a.txt", "0");
        await using var other = await System.ClientAsync();
        for (var round = 0; round < 50; round++)
        {
            var etag = (string)(await ReadAsync("a.txt"))["etag"]!;
            JsonObject Request(string content) => new() { ["path"] = "a.txt", ["content"] = content, ["expectedEtag"] = etag };

            var answers = await Task.WhenAll(AskAsync("fs_write", Request($"one {round}")), System.AskAsync(other, "fs_write", Request($"two {round}")));

            Assert.Single(answers, a => a["error"] is null);
            Assert.Equal(answers[0]["error"] is null ? $"one {round}" : $"two {round}", await File.ReadAllTextAsync(Project["a.txt"]));
        }

        Assert.Equal(["a.txt"], Names());
    }

    [Fact]
    public async Task A_reader_sees_the_old_content_or_the_new_never_a_part()
    {
        var (a, b) = (new string('a', 500_000), new string('b', 500_000));
        Project.Write("a.txt", a);
        using CancellationTokenSource done = new();
        var torn = Task.Run(() =>
        {
            var seen = 0;
            for (var reads = 0; !done.IsCancellationRequested; reads++)
            {
                var text = File.ReadAllText(Project["a.txt"]);
                seen += text == a || text == b ? 0 : 1;
            }

            return seen;
        });

        for (var i = 0; i < 40; i++)
        {
            Assert.Null((await WriteAsync("a.txt", i % 2 == 0 ? b : a))["error"]);
        }

        await done.CancelAsync();
        Assert.Equal(0, await torn);
    }

    [Fact]
    public async Task Directories_above_are_made_only_when_asked()
    {
        var refused = await WriteAsync("x/y/z.txt", "1");
        var written = await WriteAsync("x/y/z.txt", "1", createDirectories: true);

        Assert.Equal("FILE_NOT_FOUND", Code(refused));
        Assert.Null(written["error"]);
        Assert.Equal("1", await File.ReadAllTextAsync(Project["x/y/z.txt"]));
    }

    [Fact]
    public async Task One_megabyte_is_written_and_one_byte_more_is_not()
    {
        var fits = await WriteAsync("big", new string('a', 1024 * 1024));
        var over = await WriteAsync("big", new string('b', (1024 * 1024) + 1));
        var umlauts = await WriteAsync("big", new string('ü', (512 * 1024) + 1));

        Assert.Null(fits["error"]);
        Assert.Equal("FILE_TOO_LARGE", Code(over));
        Assert.Equal("FILE_TOO_LARGE", Code(umlauts));
        Assert.Equal('a', (char)(await File.ReadAllBytesAsync(Project["big"]))[^1]);
    }

    [Fact]
    public async Task Bytes_are_written_as_base64_and_what_is_none_is_refused()
    {
        var bytes = Enumerable.Range(0, 256).Select(b => (byte)b).ToArray();
        JsonObject Request(string content) => new() { ["path"] = "x.bin", ["content"] = content, ["encoding"] = "base64" };

        var written = await AskAsync("fs_write", Request(Convert.ToBase64String(bytes)));
        var refused = await AskAsync("fs_write", Request("no base64!"));

        Assert.Null(written["error"]);
        Assert.Equal("INVALID_REQUEST", Code(refused));
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Project["x.bin"]));
    }

    [Fact]
    public async Task A_link_that_stays_inside_is_written_through_and_one_that_leads_out_is_refused()
    {
        Project.Write("real/a.txt", "old");
        File.CreateSymbolicLink(Project["real/link"], "../real/a.txt");
        File.CreateSymbolicLink(Project["out"], Path.Combine(System.Paths.Root, "auth.json"));
        File.CreateSymbolicLink(Project["nowhere"], "real/missing");

        Assert.Null((await WriteAsync("real/link", "new"))["error"]);
        Assert.Equal("new", await File.ReadAllTextAsync(Project["real/a.txt"]));
        Assert.NotNull(File.ResolveLinkTarget(Project["real/link"], returnFinalTarget: false));
        Assert.Equal("OUTSIDE_PROJECT_ROOT", Code(await WriteAsync("out", "x")));
        Assert.Equal("FILE_NOT_FOUND", Code(await WriteAsync("nowhere", "x")));
    }

    [Fact]
    public async Task What_cannot_be_written_is_named_for_what_it_is()
    {
        Directory.CreateDirectory(Project["dir"]);
        Project.Write("file", "x");
        using (var mkfifo = Process.Start("mkfifo", Project["fifo"]))
        {
            await mkfifo.WaitForExitAsync();
        }

        Assert.Equal("IS_A_DIRECTORY", Code(await WriteAsync("dir", "x")));
        Assert.Equal("IS_A_DIRECTORY", Code(await WriteAsync("", "x")));
        Assert.Equal("NOT_A_DIRECTORY", Code(await WriteAsync("file/below", "x")));
        Assert.Equal("INVALID_REQUEST", Code(await WriteAsync("fifo", "x")));
        Assert.Equal("INVALID_REQUEST", Code(await WriteAsync(new string('n', 256), "x")));
    }

    public static TheoryData<string> Changes => new("fs_write", "fs_create_directory", "fs_delete", "fs_rename", "fs_rename to");

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task No_change_reaches_outside(string what)
    {
        Directory.CreateDirectory(Project["../outside"]);
        File.WriteAllText(Project["../outside/kept"], "kept");
        File.CreateSymbolicLink(Project["out"], "../outside");
        File.CreateSymbolicLink(Project["abs"], Path.GetFullPath(Project["../outside"]));
        Project.Write("mine", "mine");

        foreach (var path in (string[])["../outside/kept", "out/kept", "abs/kept", "/etc/pocketcoder-test", "a/../../outside/kept", "c:/kept", "x\0y", "out/new/deep"])
        {
            JsonObject payload = what switch
            {
                "fs_write" => new() { ["path"] = path, ["content"] = "x", ["createDirectories"] = true },
                "fs_create_directory" => new() { ["path"] = path, ["parents"] = true },
                "fs_delete" => new() { ["path"] = path, ["recursive"] = true },
                "fs_rename" => new() { ["path"] = path, ["newPath"] = "stolen" },
                _ => new() { ["path"] = "mine", ["newPath"] = path, ["overwrite"] = true },
            };
            Assert.Equal("OUTSIDE_PROJECT_ROOT", Code(await AskAsync(what.Split(' ')[0], payload)));
        }

        Assert.Equal("kept", File.ReadAllText(Project["../outside/kept"]));
        Assert.Single(Directory.GetFileSystemEntries(Project["../outside"]));
        Assert.Equal("mine", File.ReadAllText(Project["mine"]));
    }

    [Fact]
    public async Task A_directory_is_made_once_and_with_those_above_when_asked()
    {
        Assert.Equal("FILE_NOT_FOUND", Code(await AskAsync("fs_create_directory", new JsonObject { ["path"] = "a/b" })));
        await DoAsync("fs_create_directory", new JsonObject { ["path"] = "a/b", ["parents"] = true });
        Assert.Equal("ALREADY_EXISTS", Code(await AskAsync("fs_create_directory", new JsonObject { ["path"] = "a/b" })));
        Assert.True(Directory.Exists(Project["a/b"]));
    }

    [Fact]
    public async Task A_rename_does_not_replace_unless_told()
    {
        Project.Write("a", "a");
        Project.Write("b", "b");
        Project.Write("d/in", "d");
        Project.Write("full/x", "x");

        Assert.Equal("ALREADY_EXISTS", Code(await AskAsync("fs_rename", new JsonObject { ["path"] = "a", ["newPath"] = "b" })));
        Assert.Equal("b", File.ReadAllText(Project["b"]));
        await DoAsync("fs_rename", new JsonObject { ["path"] = "a", ["newPath"] = "b", ["overwrite"] = true });
        await DoAsync("fs_rename", new JsonObject { ["path"] = "d", ["newPath"] = "e" });
        Assert.Equal("ALREADY_EXISTS", Code(await AskAsync("fs_rename", new JsonObject { ["path"] = "e", ["newPath"] = "full", ["overwrite"] = true })));
        Assert.Equal("INVALID_REQUEST", Code(await AskAsync("fs_rename", new JsonObject { ["path"] = "e", ["newPath"] = "e/in2" })));
        Assert.Equal("FILE_NOT_FOUND", Code(await AskAsync("fs_rename", new JsonObject { ["path"] = "gone", ["newPath"] = "x" })));
        Assert.Equal("FILE_NOT_FOUND", Code(await AskAsync("fs_rename", new JsonObject { ["path"] = "b", ["newPath"] = "no/dir" })));
        Assert.Equal("a", File.ReadAllText(Project["b"]));
        Assert.Equal("d", File.ReadAllText(Project["e/in"]));
    }

    [Fact]
    public async Task A_full_directory_is_deleted_only_when_told_and_links_in_it_are_not_followed()
    {
        Project.Write("d/e/f", "x");
        Project.Write("kept/k", "k");
        Directory.CreateSymbolicLink(Project["d/link"], "../kept");
        Directory.CreateSymbolicLink(Project["link"], "kept");
        Directory.CreateDirectory(Project["empty"]);

        Assert.Equal("IS_A_DIRECTORY", Code(await AskAsync("fs_delete", new JsonObject { ["path"] = "d" })));
        Assert.Equal("x", File.ReadAllText(Project["d/e/f"]));
        await DoAsync("fs_delete", new JsonObject { ["path"] = "d", ["recursive"] = true });
        await DoAsync("fs_delete", new JsonObject { ["path"] = "empty" });
        await DoAsync("fs_delete", new JsonObject { ["path"] = "link" });
        Assert.Equal("FILE_NOT_FOUND", Code(await AskAsync("fs_delete", new JsonObject { ["path"] = "d" })));
        Assert.Equal("IS_A_DIRECTORY", Code(await AskAsync("fs_delete", new JsonObject { ["path"] = "", ["recursive"] = true })));
        Assert.Equal(["kept"], Names());
        Assert.Equal("k", File.ReadAllText(Project["kept/k"]));
    }

    [Fact]
    public async Task A_full_disk_leaves_the_old_content()
    {
        Directory.CreateDirectory(Project["small"]);
        using (var mount = Process.Start(new ProcessStartInfo("mount", ["-t", "tmpfs", "-o", "size=256k", "none", Project["small"]]) { RedirectStandardError = true })!)
        {
            await mount.WaitForExitAsync();
            Assert.SkipUnless(mount.ExitCode == 0, "Mounting a small file system needs root.");
        }

        try
        {
            Project.Write("small/a.txt", "old");
            var full = await WriteAsync("small/a.txt", new string('x', 900_000));
            var fits = await WriteAsync("small/b.txt", "b");

            Assert.Contains("full", (string)full["error"]!["message"]!, StringComparison.Ordinal);
            Assert.Equal("old", File.ReadAllText(Project["small/a.txt"]));
            Assert.Null(fits["error"]);
            Assert.Equal(["a.txt", "b.txt"], Names("small"));
        }
        finally
        {
            using var umount = Process.Start("umount", Project["small"]);
            await umount.WaitForExitAsync();
        }
    }

    [Fact]
    public async Task Names_of_any_bytes_are_listed_read_written_and_deleted()
    {
        using (var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c",
            """printf one > "$(printf 'a\377b')"; printf two > "$(printf 'n\303\244')"; printf three > "$(printf 'na\314\210')"; printf four > "$(printf 'p\356\276\200')"; mkdir "$(printf 'd\200')"; printf five > "$(printf 'd\200/x\n\"')" """])
        { WorkingDirectory = Project.Path })!)
        {
            await shell.WaitForExitAsync();
        }

        var root = await DoAsync("fs_list", new JsonObject { ["path"] = "" });
        var paths = root["children"]!.AsArray().Select(c => (string)c!["path"]!).ToList();
        List<string> contents = [];
        foreach (var path in paths[1..])
        {
            contents.Add((string)(await ReadAsync(path))["content"]!);
            Assert.Null((await WriteAsync(path, "rewritten"))["error"]);
        }

        var inside = (await DoAsync("fs_list", new JsonObject { ["path"] = paths[0] }))["children"]!.AsArray();
        Assert.Equal(5, paths.Distinct().Count());
        Assert.Equal(["four", "one", "three", "two"], contents.Order());
        Assert.Equal("five", (string?)(await ReadAsync((string)inside.Single()!["path"]!))["content"]);
        foreach (var path in paths)
        {
            await DoAsync("fs_delete", new JsonObject { ["path"] = path, ["recursive"] = true });
        }

        Assert.Empty(Names());
    }

    [Fact]
    public async Task Names_of_255_bytes_work_and_so_do_long_paths()
    {
        var name = new string('n', 255);
        var deep = string.Join('/', Enumerable.Repeat(new string('d', 200), 15)) + "/f";

        Assert.Null((await WriteAsync(name, "long"))["error"]);
        Assert.Null((await WriteAsync(deep, "deep", createDirectories: true))["error"]);
        Assert.Equal("long", (string?)(await ReadAsync(name))["content"]);
        Assert.Equal("deep", (string?)(await ReadAsync(deep))["content"]);
    }

    [Fact]
    public async Task A_range_that_cuts_a_character_keeps_its_bytes_and_is_still_no_binary()
    {
        Project.Write("a.txt", "aäöü");

        var cut = await DoAsync("fs_read", new JsonObject { ["path"] = "a.txt", ["offset"] = 2, ["length"] = 2 });
        var whole = await DoAsync("fs_read", new JsonObject { ["path"] = "a.txt", ["offset"] = 1, ["length"] = 2 });

        Assert.Equal(("base64", false), ((string)cut["encoding"]!, (bool)cut["binary"]!));
        Assert.Equal(Encoding.UTF8.GetBytes("aäöü")[2..4], Convert.FromBase64String((string)cut["content"]!));
        Assert.Equal(("utf-8", "ä"), ((string)whole["encoding"]!, (string)whole["content"]!));
    }

    [Fact]
    public async Task Ten_megabytes_of_control_characters_still_fit_into_a_message()
    {
        await File.WriteAllBytesAsync(Project["ctrl"], Enumerable.Repeat((byte)1, 10 * 1024 * 1024).ToArray());

        var read = await ReadAsync("ctrl");

        Assert.Equal(("base64", false), ((string)read["encoding"]!, (bool)read["binary"]!));
        Assert.Equal(10 * 1024 * 1024, Convert.FromBase64String((string)read["content"]!).Length);
    }

    [Fact]
    public async Task A_sparse_file_is_read_in_parts_and_a_device_not_at_all()
    {
        using (var sparse = File.Create(Project["sparse"]))
        {
            sparse.SetLength(1L << 40);
        }

        using (var mknod = Process.Start(new ProcessStartInfo("mknod", [Project["zero"], "c", "1", "5"]) { RedirectStandardError = true })!)
        {
            await mknod.WaitForExitAsync();
        }

        var part = await DoAsync("fs_read", new JsonObject { ["path"] = "sparse", ["offset"] = (1L << 40) - 10, ["length"] = 100 });

        Assert.Equal("FILE_TOO_LARGE", Code(await AskAsync("fs_read", new JsonObject { ["path"] = "sparse" })));
        Assert.Equal(10, Convert.FromBase64String((string)part["content"]!).Length);
        if (File.Exists(Project["zero"]))
        {
            Assert.Equal("INVALID_REQUEST", Code(await AskAsync("fs_read", new JsonObject { ["path"] = "zero" })));
        }
    }
}
