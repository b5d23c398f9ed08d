using System.ComponentModel;
using System.Diagnostics;

namespace PocketCoder.Cli.SignIn;

/// <summary>Shows a page to whoever sits at this machine, where somebody can.</summary>
internal static class Browser
{
    /// <summary>False when there is none, as on a machine that is reached over SSH.</summary>
    public static bool TryOpen(Uri page)
    {
        if (Command() is not { } command)
        {
            return false;
        }

        try
        {
            using var process = Process.Start(new ProcessStartInfo(command[0], [.. command[1..], page.AbsoluteUri])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            });
            return process is not null;
        }
        catch (Exception ex) when (ex is Win32Exception or IOException)
        {
            return false;
        }
    }

    private static string[]? Command() =>
        OperatingSystem.IsMacOS() ? ["/usr/bin/open"]
        : OperatingSystem.IsWindows() ? [Path.Combine(Environment.SystemDirectory, "rundll32.exe"), "url.dll,FileProtocolHandler"]
        : Has("DISPLAY") || Has("WAYLAND_DISPLAY") ? Opener() is { } opener ? [opener] : null
        : null;

    private static bool Has(string variable) => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable));

    // By its absolute path, never from the directory at hand.
    private static string? Opener() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Where(Path.IsPathRooted).Select(directory => Path.Combine(directory, "xdg-open")).FirstOrDefault(File.Exists);
}
