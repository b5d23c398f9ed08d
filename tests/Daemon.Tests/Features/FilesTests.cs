using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

public sealed class FilesTests : SystemTests
{
    private async Task<JsonObject> ListAsync(string path) => (await AskAsync("fs_list", new JsonObject { ["path"] = path }))["payload"]!.AsObject();

    private Task<JsonObject> ReadAsync(string path) => AskAsync("fs_read", new JsonObject { ["path"] = path });

    [Fact]
    public async Task A_listing_has_directories_first_then_names_in_order()
    {
        Project.Write("b.txt", "12345");
        Project.Write("a.txt", "");
        Project.Write("z/in.txt", "");
        Project.Write("ä b.txt", "");
        File.CreateSymbolicLink(Project["link"], "a.txt");

        var root = await ListAsync("");
        var sub = await ListAsync("z");

        Assert.Equal(["z", "a.txt", "b.txt", "link", "ä b.txt"], root["children"]!.AsArray().Select(c => (string)c!["name"]!));
        Assert.Equal(["directory", "file", "file", "symlink", "file"], root["children"]!.AsArray().Select(c => (string)c!["kind"]!));
        Assert.Equal(5, (int)root["children"]![2]!["size"]!);
        Assert.Equal("z/in.txt", (string?)sub["children"]![0]!["path"]);
        Assert.False((bool)root["truncated"]!);
    }

    [Fact]
    public async Task A_listing_says_what_git_ignores()
    {
        Project.Write(".gitignore", "*.log\nsecret\n");
        Project.Write("a.log", "");
        Project.Write("kept.log", "");
        Project.Write("secret/x", "");
        Project.Write("node_modules/x", "");
        Project.Write("a.ts", "");
        Project.Git("init", "-q");
        Project.Git("add", "-f", "kept.log");

        var root = await ListAsync("");
        var below = await ListAsync("secret");

        Assert.Equal([".git", "node_modules", "secret", "a.log"], root["children"]!.AsArray().Where(c => (bool?)c!["ignored"] == true).Select(c => (string)c!["name"]!));
        Assert.True((bool?)below["children"]![0]!["ignored"]);
    }

    [Fact]
    public async Task A_listing_ends_at_ten_thousand_entries_and_says_so()
    {
        Directory.CreateDirectory(Project["many"]);
        for (var i = 0; i < 10_001; i++)
        {
            File.Create(Project[$"many/{i}"]).Dispose();
        }

        var listing = await ListAsync("many");

        Assert.Equal(10_000, listing["children"]!.AsArray().Count);
        Assert.True((bool)listing["truncated"]!);
    }

    [Fact]
    public async Task A_text_file_is_read_with_size_and_etag_which_changes_with_it()
    {
        Project.Write("src/a.ts", "grüße\n");

        var first = (await ReadAsync("src/a.ts"))["payload"]!;
        Project.Write("src/a.ts", "grüße!\n");
        var second = (await ReadAsync("src/a.ts"))["payload"]!;

        Assert.Equal("grüße\n", (string?)first["content"]);
        Assert.Equal("utf-8", (string?)first["encoding"]);
        Assert.False((bool)first["binary"]!);
        Assert.Equal(8, (int)first["size"]!);
        Assert.NotEqual((string?)first["etag"], (string?)second["etag"]);
    }

    [Theory]
    [InlineData(new byte[] { 1, 0, 2 })]
    [InlineData(new byte[] { 0xff, 0xfe, 0x41 })]
    [InlineData(new byte[] { 0xc3 })]
    public async Task What_is_not_text_comes_as_base64(byte[] content)
    {
        await File.WriteAllBytesAsync(Project["x.bin"], content);

        var read = (await ReadAsync("x.bin"))["payload"]!;

        Assert.True((bool)read["binary"]!);
        Assert.Equal("base64", (string?)read["encoding"]);
        Assert.Equal(content, Convert.FromBase64String((string)read["content"]!));
    }

    public static TheoryData<string, byte[]> Contents => new()
    {
        { "text", "zwölf \"of\" them\n\u0001\\ \u2028 😀"u8.ToArray() },
        { "nothing", [] },
        { "bytes", [1, 0, 2, 255] },
        { "half a character", [0xc3] },
        { "much text", [.. Enumerable.Repeat("ein \"wenig\" Text: äöü 😀\n"u8.ToArray(), 100_000).SelectMany(line => line)] },
        { "many bytes", [.. Enumerable.Range(0, 3_000_000).Select(i => (byte)(i * 7919 >> 3))] },
    };

    [Theory]
    [MemberData(nameof(Contents))]
    public async Task Who_reads_the_binary_form_gets_the_same_bytes_as_they_are(string what, byte[] content)
    {
        await File.WriteAllBytesAsync(Project["file"], content);
        await using var modern = await System.ClientAsync("binary");

        var plain = await ReadAsync("file");
        var binary = await System.AskAsync(modern, "fs_read", new JsonObject { ["path"] = "file" });

        var text = (string)plain["payload"]!["content"]!;
        Assert.Equal(content, (string?)plain["payload"]!["encoding"] == "base64" ? Convert.FromBase64String(text) : Encoding.UTF8.GetBytes(text));
        Assert.Equal(content, Convert.FromBase64String((string)binary["bulk"]!));
        Assert.Equal(("binary", null), ((string?)binary["payload"]!["encoding"], binary["payload"]!["content"]));
        foreach (var field in (string[])["path", "binary", "size", "modifiedAt", "etag"])
        {
            Assert.True(JsonNode.DeepEquals(plain["payload"]![field], binary["payload"]![field]), $"{what}: {field}");
        }
    }

    [Fact]
    public async Task Only_what_the_relay_says_of_a_client_counts()
    {
        await File.WriteAllTextAsync(Project["file"], "text");
        await Client.SendAsync($$$"""{"type":"fs_read","requestId":"b","machineKey":"{{{System.MachineKey}}}","sessionId":"{{{System.ProjectId}}}","features":["binary"],"payload":{"path":"file"}}""");

        var answer = await Client.UntilAsync(m => (string?)m["requestId"] == "b");

        Assert.Equal("text", (string?)answer["payload"]!["content"]);
    }

    [Fact]
    public async Task Ten_megabytes_are_read_and_one_byte_more_only_in_parts()
    {
        await File.WriteAllBytesAsync(Project["big"], Enumerable.Repeat((byte)'a', (10 * 1024 * 1024) + 1).ToArray());
        await File.WriteAllBytesAsync(Project["fits"], Enumerable.Repeat((byte)'a', 10 * 1024 * 1024).ToArray());

        var whole = await ReadAsync("big");
        var fits = await ReadAsync("fits");
        var part = await AskAsync("fs_read", new JsonObject { ["path"] = "big", ["offset"] = 10 * 1024 * 1024, ["length"] = 100 });

        Assert.Equal("FILE_TOO_LARGE", Code(whole));
        Assert.Equal(10 * 1024 * 1024, ((string)fits["payload"]!["content"]!).Length);
        Assert.Equal("a", (string?)part["payload"]!["content"]);
    }

    public static TheoryData<string> OutsidePaths => new(
        "..", "../x", "a/../../x", "a/..", "/etc/passwd", "//etc/passwd", "C:\\Windows\\win.ini", "c:/x", "\\\\server\\share", "a\0b",
        "out", "out/passwd", "loop-out/passwd", "abs", "sub/up/../../..", "/proc/self/environ", "fd/0");

    [Theory]
    [MemberData(nameof(OutsidePaths))]
    public async Task No_path_leaves_the_project(string path)
    {
        Directory.CreateDirectory(Project["sub"]);
        File.CreateSymbolicLink(Project["out"], "../home");
        File.CreateSymbolicLink(Project["abs"], "/etc/passwd");
        File.CreateSymbolicLink(Project["loop-out"], "sub/up");
        File.CreateSymbolicLink(Project["sub/up"], "../../../../../etc");
        File.CreateSymbolicLink(Project["fd"], "/proc/self/fd");

        Assert.Equal("OUTSIDE_PROJECT_ROOT", Code(await ReadAsync(path)));
        Assert.Equal("OUTSIDE_PROJECT_ROOT", Code(await AskAsync("fs_list", new JsonObject { ["path"] = path })));
    }

    [Fact]
    public async Task A_link_that_stays_inside_is_followed()
    {
        Project.Write("real/a.txt", "inside");
        File.CreateSymbolicLink(Project["real/b.txt"], "../real/a.txt");

        Assert.Equal("inside", (string?)(await ReadAsync("real/b.txt"))["payload"]!["content"]);
    }

    [Fact]
    public async Task What_is_not_a_readable_file_is_named_for_what_it_is()
    {
        Project.Write("dir/file", "x");
        using (var mkfifo = Process.Start("mkfifo", Project["fifo"]))
        {
            await mkfifo.WaitForExitAsync();
        }

        Assert.Equal("FILE_NOT_FOUND", Code(await ReadAsync("missing.txt")));
        Assert.Equal("IS_A_DIRECTORY", Code(await ReadAsync("dir")));
        Assert.Equal("IS_A_DIRECTORY", Code(await ReadAsync("")));
        Assert.Equal("NOT_A_DIRECTORY", Code(await ReadAsync("dir/file/deeper")));
        Assert.Equal("NOT_A_DIRECTORY", Code(await AskAsync("fs_list", new JsonObject { ["path"] = "dir/file" })));
        Assert.Equal("INVALID_REQUEST", Code(await ReadAsync("fifo")));
        Assert.Equal("INVALID_REQUEST", Code(await ReadAsync(new string('n', 256))));
        Assert.Equal("INVALID_REQUEST", Code(await ReadAsync(string.Join('/', Enumerable.Repeat("d", 3000)))));
        Assert.Equal("INVALID_REQUEST", Code(await AskAsync("fs_list", new JsonObject { ["path"] = string.Join('/', Enumerable.Repeat("d", 21)) })));
        Assert.Equal("FILE_NOT_FOUND", Code(await AskAsync("fs_list", new JsonObject { ["path"] = "nowhere" })));
    }

    [Fact]
    public async Task A_project_is_found_behind_links_that_lead_over_links()
    {
        Project.Write("../real/deep/a.txt", "found");
        Directory.CreateSymbolicLink(Project["../middle"], "real");
        Directory.CreateSymbolicLink(Project["../outer"], Path.GetFullPath(Project["../middle/deep"]));
        var project = await System.Daemon.AddProjectAsync(Path.GetFullPath(Project["../outer"]), CancellationToken.None);

        var read = await Client.AskAsync("fs_read", new JsonObject { ["path"] = "a.txt" }, System.MachineKey, project.ProjectId);

        Assert.Equal("found", (string?)read["payload"]!["content"]);
        Assert.Equal(Path.GetFullPath(Project["../real/deep"]), project.Path);
    }

    [Fact]
    public async Task A_project_that_is_gone_from_the_disk_says_so()
    {
        Directory.Delete(Project.Path, recursive: true);

        var answer = await AskAsync("fs_list", new JsonObject { ["path"] = "" });

        Assert.Equal("FILE_NOT_FOUND", Code(answer));
        Assert.DoesNotContain(Project.Path, answer.ToJsonString(), StringComparison.Ordinal);
    }
}
