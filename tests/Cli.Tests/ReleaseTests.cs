using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Cli.Tests;

/// <summary>What <c>scripts/release</c> made: installed where it runs here, looked into where it does not.</summary>
public sealed partial class ReleaseTests : IDisposable
{
    private const uint CodeSignature = 0x1d;
    private readonly TempDirectory _prefix = new();

    public ReleaseTests() => Assert.SkipUnless(File.Exists(Made("SHA256SUMS")), "scripts/release was not run.");

    private string Installed => _prefix["bin/pocketcoder"];

    public void Dispose() => _prefix.Dispose();

    [Fact]
    public async Task The_sums_are_those_of_all_files()
    {
        var sums = (await File.ReadAllLinesAsync(Made("SHA256SUMS"), TestContext.Current.CancellationToken)).ToDictionary(line => line[66..], line => line[..64]);
        var files = Directory.GetFiles(Made("")).Select(file => Path.GetFileName(file)!).Where(name => name != "SHA256SUMS").ToArray();

        Assert.Equal(files.Order(StringComparer.Ordinal), sums.Keys.Order(StringComparer.Ordinal));
        Assert.All(files, name => Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Made(name)))), sums[name]));
    }

    [Fact]
    public async Task The_native_one_is_installed_as_one_file_and_removed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists(Archive("linux-x64")), "it is not of this system");
        await InstallAsync(Made(""));
        Assert.Equal(["LICENSE", "pocketcoder"], Directory.GetFiles(_prefix["lib/pocketcoder"]).Select(Path.GetFileName).Order());
        Assert.Contains(Version, (await RunAsync(Installed, "--version")).Output, StringComparison.Ordinal);

        await InstallAsync(Made("")); // over itself
        await InstallAsync("--uninstall");
        Assert.False(File.Exists(Installed));
        Assert.False(Directory.Exists(_prefix["lib/pocketcoder"]));
    }

    [Fact]
    public async Task An_archive_that_is_not_what_its_sum_says_replaces_nothing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists(Archive("linux-x64")), "it is not of this system");
        await InstallAsync(Made(""));
        using TempDirectory tampered = new();
        File.Copy(Made("SHA256SUMS"), tampered["SHA256SUMS"]);
        var bytes = await File.ReadAllBytesAsync(Archive("linux-x64"), TestContext.Current.CancellationToken);
        bytes[^9] ^= 1;
        await File.WriteAllBytesAsync(tampered[Path.GetFileName(Archive("linux-x64"))], bytes, TestContext.Current.CancellationToken);

        var refused = await RunAsync(Made("install.sh"), "--from", tampered.Path, "--prefix", _prefix.Path);

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("is not what SHA256SUMS says. Nothing was changed", refused.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync(Installed, "--version")).ExitCode);
    }

    /// <summary>It lies at a fixed address (docs/adr/0013): then at least nothing in it is both written and run.</summary>
    [Theory]
    [InlineData("linux-x64")]
    [InlineData("linux-arm64")]
    public void No_memory_of_a_linux_program_is_writable_and_executable(string rid)
    {
        const uint load = 1, stack = 0x6474e551, readOnlyOnceRelocated = 0x6474e552;
        const uint execute = 1, write = 2;
        var segments = SegmentsOf(Read(Archive(rid))["pocketcoder"].Bytes);

        Assert.Contains(segments, segment => segment.Type == load && (segment.Flags & execute) != 0);
        Assert.DoesNotContain(segments, segment => segment.Type == load && (segment.Flags & (write | execute)) == (write | execute));
        Assert.Equal(0u, Assert.Single(segments, segment => segment.Type == stack).Flags & execute);
        Assert.Contains(segments, segment => segment.Type == readOnlyOnceRelocated);
    }

    [Theory]
    [InlineData("linux-x64", "pocketcoder", "7f454c46", 18, 0x3e)]
    [InlineData("linux-arm64", "pocketcoder", "7f454c46", 18, 0xb7)]
    [InlineData("osx-x64", "pocketcoder", "cffaedfe", 4, 0x07)]
    [InlineData("osx-arm64", "pocketcoder", "cffaedfe", 4, 0x0c)]
    [InlineData("win-x64", "pocketcoder.exe", "4d5a", -1, 0x8664)]
    public void An_archive_holds_the_program_of_its_system(string rid, string program, string magic, int machineAt, int machine)
    {
        var entries = Read(Archive(rid));
        var (mode, bytes) = entries[program];

        Assert.True(entries.ContainsKey("LICENSE"));
        Assert.DoesNotContain(entries.Keys, name => name.EndsWith(".pdb", StringComparison.Ordinal) || name.EndsWith(".dbg", StringComparison.Ordinal));
        Assert.True(mode.HasFlag(UnixFileMode.UserExecute | UnixFileMode.OtherExecute));
        Assert.StartsWith(magic, Convert.ToHexStringLower(bytes.AsSpan(0, 4)), StringComparison.Ordinal);
        var at = machineAt >= 0 ? machineAt : BitConverter.ToInt32(bytes, 0x3c) + 4;
        Assert.Equal(machine, BitConverter.ToUInt16(bytes, at));
        Assert.True(bytes.AsSpan().IndexOf("index.html"u8) > 0 || bytes.AsSpan().IndexOf(Encoding.Unicode.GetBytes("index.html")) > 0, "the page is not in it");
        Assert.InRange(entries.Values.Sum(entry => entry.Bytes.Length), 5_000_000, 34_000_000);
        if (rid == "osx-arm64")
        {
            Assert.Contains(CodeSignature, LoadCommands(bytes)); // else macOS kills it at its start
        }
    }

    [Fact]
    public void The_bill_of_materials_names_every_library()
    {
        var bill = JsonNode.Parse(File.ReadAllText(Made($"pocketcoder-{Version}.cdx.json")))!;
        var names = bill["components"]!.AsArray().Select(component => (string)component!["purl"]!).ToArray();
        var packages = PackageVersion().Matches(File.ReadAllText(Path.Combine(Checkout.Root, "Directory.Packages.props")).Split("Label=\"Tests\"")[0]);
        var page = JsonNode.Parse(File.ReadAllText(Path.Combine(Checkout.Root, "web", "package.json")))!["dependencies"]!.AsObject().Select(entry => entry.Key);

        Assert.All(packages, package => Assert.Contains($"pkg:nuget/{package.Groups[1].Value}@{package.Groups[2].Value}", names));
        Assert.All(page, package => Assert.Contains(names, name => name.StartsWith($"pkg:npm/{package.Replace("@", "%40", StringComparison.Ordinal)}@", StringComparison.Ordinal)));
        Assert.Equal(names.Distinct().Count(), names.Length);
    }

    [Theory]
    [InlineData("install.sh")]
    [InlineData("install.ps1")]
    public void The_install_scripts_know_their_version(string script)
    {
        var text = File.ReadAllText(Made(script));

        Assert.Contains($"'{Version}'", text, StringComparison.Ordinal);
        Assert.DoesNotContain("@VERSION@", text, StringComparison.Ordinal);
        Assert.DoesNotContain("@RELEASES@", text, StringComparison.Ordinal);
    }

    private static string Version => Path.GetFileName(Directory.GetFiles(Made(""), "*.cdx.json").Single())["pocketcoder-".Length..^".cdx.json".Length];

    private static string Made(string name) => Path.Combine(Checkout.Root, "artifacts", "release", name);

    private static string Archive(string rid) => Made($"pocketcoder-{Version}-{rid}.tar.gz");

    private static Dictionary<string, (UnixFileMode Mode, byte[] Bytes)> Read(string archive)
    {
        using GZipStream unpacked = new(File.OpenRead(archive), CompressionMode.Decompress);
        using TarReader tar = new(unpacked);
        Dictionary<string, (UnixFileMode, byte[])> entries = [];
        while (tar.GetNextEntry(copyData: true) is { } entry)
        {
            if (entry.DataStream is { } data)
            {
                using MemoryStream bytes = new();
                data.CopyTo(bytes);
                entries[Path.GetFileName(entry.Name)] = (entry.Mode, bytes.ToArray());
            }
        }

        return entries;
    }

    // ELF of 64 bits: the program headers.
    private static List<(uint Type, uint Flags)> SegmentsOf(byte[] bytes)
    {
        var (start, size, count) = (BitConverter.ToInt32(bytes, 32), BitConverter.ToInt16(bytes, 54), BitConverter.ToInt16(bytes, 56));
        return [.. Enumerable.Range(0, count).Select(i => (BitConverter.ToUInt32(bytes, start + (i * size)), BitConverter.ToUInt32(bytes, start + (i * size) + 4)))];
    }

    // Mach-O: a header of 32 bytes, then commands that each tell their kind and size.
    private static List<uint> LoadCommands(byte[] bytes)
    {
        List<uint> kinds = [];
        for (var (i, at) = (0, 32); i < BitConverter.ToInt32(bytes, 16); i++)
        {
            kinds.Add(BitConverter.ToUInt32(bytes, at));
            at += BitConverter.ToInt32(bytes, at + 4);
        }

        return kinds;
    }

    private async Task InstallAsync(string from)
    {
        var installed = await RunAsync(Made("install.sh"), from == "--uninstall" ? [from, "--prefix", _prefix.Path] : ["--from", from, "--prefix", _prefix.Path]);
        Assert.True(installed.ExitCode == 0, installed.Error);
    }

    private static Task<Outcome> RunAsync(string program, params string[] arguments) =>
        InstalledCli.EndAsync(Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!);

    [GeneratedRegex("<PackageVersion Include=\"([^\"]+)\" Version=\"([^\"]+)\"")]
    private static partial Regex PackageVersion();
}
