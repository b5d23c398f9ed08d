using System.Diagnostics;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Cli.Tests;

/// <summary>The scripts in the shells that they are for.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly InstalledCli _cli = new();

    public void Dispose() => _cli.Dispose();

    [Theory]
    [InlineData("pocketcoder st", "start status stop")]
    [InlineData("pocketcoder status --j", "--json")]
    [InlineData("pocketcoder devices r", "revoke")]
    [InlineData("pocketcoder completion f", "fish")]
    [InlineData("pocketcoder start --fore", "--foreground")]
    [InlineData("pocketcoder zzz", "")]
    public async Task Bash_completes(string line, string expected)
    {
        var found = await InAsync("/bin/bash", "bash", $$"""
            COMP_LINE='{{line}}'; COMP_POINT=${#COMP_LINE}; COMP_WORDS=({{line}}); COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
            $(complete -p pocketcoder | sed 's/.*-F \([^ ]*\).*/\1/')
            printf '%s\n' "${COMPREPLY[@]}"
            """);

        Assert.Equal(expected.Split(' '), found);
    }

    [Theory]
    [InlineData("pocketcoder st", "start status stop")]
    [InlineData("pocketcoder status --j", "--json")]
    public async Task Zsh_completes(string line, string expected)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/zsh"), "zsh is not installed.");

        // compadd works in a completion only; what it would be given is the same.
        var found = await InAsync("/usr/bin/zsh", "zsh", $$"""
            compadd() { shift; print -l -- "$@" }
            words=({{line}}); CURRENT=${#words}
            _pocketcoder
            """, before: "compdef() { :; }");

        Assert.Equal(expected.Split(' '), found.Where(word => word.StartsWith(line.Split(' ')[^1], StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("pocketcoder st", "start status stop")]
    [InlineData("pocketcoder status --j", "--json")]
    public async Task Fish_completes(string line, string expected)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/fish"), "fish is not installed.");

        var found = await InAsync("/usr/bin/fish", "fish", $"complete -C '{line}'");

        Assert.Superset(expected.Split(' ').ToHashSet(), found.ToHashSet());
    }

    private async Task<string[]> InAsync(string shell, string name, string script, string before = "")
    {
        var completion = await _cli.RunAsync("completion", name);
        Assert.Equal(ExitCode.Done, completion.ExitCode);
        ProcessStartInfo start = new(shell, name == "fish" ? ["--no-config"] : name == "zsh" ? ["-f"] : ["--norc"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{Path.GetDirectoryName(TestSystem.Supervisor)}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["HOME"] = _cli.Directory.Path;
        var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync($"{before}\n{completion.Output}\n{script}\n");
        process.StandardInput.Close();
        var outcome = await InstalledCli.EndAsync(process);
        Assert.Empty(outcome.Error);
        return outcome.Output.TrimEnd('\n').Split('\n');
    }
}
