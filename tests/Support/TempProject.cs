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

    /// <summary>Plain git, as a person at the desk runs it.</summary>
    public string Git(params string[] arguments)
    {
        ProcessStartInfo start = new("git", ["-C", Path, "-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var git = Process.Start(start)!;
        var error = git.StandardError.ReadToEndAsync();
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        return git.ExitCode == 0 ? output : throw new InvalidOperationException(error.Result);
    }
}
