namespace PocketCoder.Daemon.Features.Commands;

/// <summary>What a signal is called. Linux and macOS agree on the numbers below 16 but for a few.</summary>
internal static class SignalName
{
    private static readonly bool Mac = OperatingSystem.IsMacOS();

    public static string Of(int number) => number switch
    {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => Mac ? "SIGEMT" : "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        10 => Mac ? "SIGBUS" : "SIGUSR1",
        11 => "SIGSEGV",
        12 => Mac ? "SIGSYS" : "SIGUSR2",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        _ => $"SIG{number}",
    };
}
