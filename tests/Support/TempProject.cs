using System.Diagnostics;

namespace PocketCoder.TestSupport;

/// <summary>A project directory with real git in it when asked.</summary>
public sealed class TempProject
{
    public TempProject(string path) => Path = Directory.CreateDirectory(path).FullName;

    public string Path { get; }

    public string this[string relative] => System.IO.Path.Combine(Path, relative);

    public void Write(string relative, string content)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[relative])!);
        File.WriteAllText(this[relative], content);
    }

    public string Read(string relative) => File.ReadAllText(this[relative]);

    public void WriteScript(string relative, string commands)
    {
        Write(relative, "#!/bin/sh\n" + commands + "\n");
        File.SetUnixFileMode(this[relative], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>A repository in which also the daemon's git knows who it is.</summary>
    public TempProject Init()
    {
        Git("init");
        Git("config", "user.name", "Test");
        Git("config", "user.email", "test@example.org");
        return this;
    }

    public void CommitAll(string message)
    {
        Git("add", "--all");
        Git("commit", "--quiet", "-m", message);
    }

    /// <summary>Plain git, as a person at the desk runs it.</summary>
    public string Git(params string[] arguments)
    {
        var (exitCode, output, error) = RunGit(arguments);
        return exitCode == 0 ? output : throw new InvalidOperationException($"git {string.Join(' ', arguments)}: {error}");
    }

    /// <summary>Plain git, whatever comes of it.</summary>
    public (int ExitCode, string Output, string Error) RunGit(params string[] arguments)
    {
        ProcessStartInfo start = new("git",
        [
            "-C", Path, "-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", .. arguments,
        ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["GIT_TERMINAL_PROMPT"] = "0" },
        };
        using var git = Process.Start(start)!;
        git.StandardInput.Close();
        var error = git.StandardError.ReadToEndAsync();
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        return (git.ExitCode, output, error.Result);
    }
}
