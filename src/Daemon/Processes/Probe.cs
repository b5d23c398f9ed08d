using System.ComponentModel;
using System.Diagnostics;

namespace PocketCoder.Daemon.Processes;

/// <summary>Asks a program something about itself, such as its version.</summary>
internal static class Probe
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Null when it does not start or does not answer in time.</summary>
    public static async Task<(int ExitCode, string Output)?> RunAsync(string path, string[] arguments, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            using var process = Process.Start(new ProcessStartInfo(path, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,

                // Not where somebody happened to start us: some programs take settings from the directory that they are in.
                WorkingDirectory = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 0 } home && Directory.Exists(home) ? home : Path.GetTempPath(),
            })!;
            process.StandardInput.Close();
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            try
            {
                var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
                await error;
                await process.WaitForExitAsync(limit.Token);
                return (process.ExitCode, output);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                cancellationToken.ThrowIfCancellationRequested();
                return null;
            }
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
