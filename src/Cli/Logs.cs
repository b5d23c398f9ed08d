using Microsoft.Extensions.Logging;
using PocketCoder.Daemon;
using PocketCoder.Storage;
using Serilog;
using Serilog.Events;
using Serilog.Sinks.File;

namespace PocketCoder.Cli;

/// <summary>The log file: 5 files of 10 MB, 0600, levels by LOG_LEVEL.</summary>
internal static class Logs
{
    private const long FileBytes = 10 * 1024 * 1024;
    private const int Files = 5;

    public static Serilog.Core.Logger Open(DaemonPaths paths)
    {
        PrivateFile.CreateDirectory(paths.Logs);
        PrivateFile.EnsureExists(paths.Log);
        return new LoggerConfiguration()
            .MinimumLevel.Is(Level(Environment.GetEnvironmentVariable("LOG_LEVEL")))
            .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
            .WriteTo.File(
                paths.Log,
                outputTemplate: "{Timestamp:yyyy-MM-ddTHH:mm:ss.fffZ} {Level:u3} {SourceContext}: {Message:lj}{NewLine}{Exception}",
                formatProvider: System.Globalization.CultureInfo.InvariantCulture,
                fileSizeLimitBytes: FileBytes,
                rollOnFileSizeLimit: true,
                retainedFileCountLimit: Files,
                hooks: new Private())
            .CreateLogger();
    }

    public static Action<ILoggingBuilder> Into(Serilog.ILogger logger) => builder => builder.AddSerilog(logger);

    public static FileInfo? Newest(DaemonPaths paths) => Directory.Exists(paths.Logs)
        ? new DirectoryInfo(paths.Logs).EnumerateFiles("daemon*.log").OrderByDescending(f => f.LastWriteTimeUtc).ThenByDescending(f => f.Name, StringComparer.Ordinal).FirstOrDefault()
        : null;

    private static LogEventLevel Level(string? name) => name?.ToLowerInvariant() switch
    {
        "trace" => LogEventLevel.Verbose,
        "debug" => LogEventLevel.Debug,
        "warn" or "warning" => LogEventLevel.Warning,
        "error" => LogEventLevel.Error,
        "fatal" => LogEventLevel.Fatal,
        _ => LogEventLevel.Information,
    };

    private sealed class Private : FileLifecycleHooks
    {
        public override Stream OnFileOpened(string path, Stream underlyingStream, System.Text.Encoding encoding)
        {
            PrivateFile.EnsureExists(path);
            return underlyingStream;
        }
    }
}
