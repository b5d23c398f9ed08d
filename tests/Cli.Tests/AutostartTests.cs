using System.Diagnostics;
using System.Text;
using System.Xml.Linq;
using CsCheck;
using PocketCoder.Cli.Autostart;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Cli.Tests;

/// <summary>
/// What the service managers are told, read back as they read it; and the commands, with a stand-in for systemctl that writes down how it is called.
/// </summary>
public sealed class AutostartTests : IDisposable
{
    private static readonly string[] Odd = ["/opt/a b/pocketcoder", "/o/100% %h/p", "/o/a&b<c>/p", "/o/it's/p", "/o/say \"hi\"/p", "/o/$HOME/${X}/p", "/o/back\\slash\\/p", "/o/ä ü 漢/p", "/o/;#=/p"];
    private static readonly Gen<string> Text = Gen.OneOf(Gen.Int[0, Odd.Length - 1].Select(i => Odd[i]), Gen.String[Gen.OneOf(Gen.Char[' ', '~'], Gen.Int[0, 8].Select(i => "\"\\%$' &<é"[i])), 1, 20].Select(s => "/" + s));
    private static readonly Gen<AutostartSpec> Spec = Gen.Select(Text, Text, (executable, value) => new AutostartSpec(executable, [new("GATEWAY_URL", value), new("POCKETCODER_HOME", executable)]));
    private readonly InstalledCli _cli = new();

    public void Dispose() => _cli.Dispose();

    private string Unit => _cli.Directory["xdg/systemd/user/pocketcoder.service"];

    [Fact]
    public void Systemd_reads_back_what_was_meant() => Spec.Sample(spec =>
    {
        var lines = SystemdUnit.Render(spec).Split('\n');
        var command = Words(lines.Single(l => l.StartsWith("ExecStart=", StringComparison.Ordinal))["ExecStart=".Length..]);
        var environment = lines.Where(l => l.StartsWith("Environment=", StringComparison.Ordinal)).Select(l => Words(l["Environment=".Length..]).Single()).ToList();

        // Only arguments know variables; the program's own name is taken as it stands.
        string[] run = command[0] == "/bin/sh"
            ? [.. command.Skip(3).Select(argument => argument.Replace("$$", "$", StringComparison.Ordinal))]
            : [.. command];
        return run.SequenceEqual([spec.Executable, "start", "--foreground"])
            && !command[0].AsSpan().ContainsAny("\"'\\")
            && environment.SequenceEqual(spec.Environment.Select(v => $"{v.Key}={v.Value}"));
    }, iter: 2000);

    [Fact]
    public async Task Systemd_itself_finds_the_program_of_each_odd_path()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/systemd-analyze"), "systemd-analyze is not there.");
        using TempDirectory directory = new();
        foreach (var odd in Odd)
        {
            var program = directory[odd[1..]];
            directory.Write(odd[1..], "#!/bin/sh\n");
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            directory.Write("units/pocketcoder.service", SystemdUnit.Render(new AutostartSpec(program, [new("POCKETCODER_HOME", program)])));

            var verified = await RunAsync("/usr/bin/systemd-analyze", "verify", "--user", directory["units/pocketcoder.service"]);

            Assert.DoesNotContain("pocketcoder.service", verified.Error, StringComparison.Ordinal);
        }

        directory.Write("units/pocketcoder.service", SystemdUnit.Render(new AutostartSpec(directory["absent"], [])));
        Assert.Contains("absent", (await RunAsync("/usr/bin/systemd-analyze", "verify", "--user", directory["units/pocketcoder.service"])).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shell_between_systemd_and_an_odd_path_starts_the_program_with_its_arguments()
    {
        using TempDirectory directory = new();
        foreach (var odd in Odd.Where(path => path.AsSpan().ContainsAny("\"'\\")))
        {
            var program = directory[odd[1..]];
            directory.Write(odd[1..], "#!/bin/sh\necho \"$0 $*\"\n");
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var line = SystemdUnit.Render(new AutostartSpec(program, [])).Split('\n').Single(l => l.StartsWith("ExecStart=", StringComparison.Ordinal));
            var command = Words(line["ExecStart=".Length..]).Select(word => word.Replace("$$", "$", StringComparison.Ordinal)).ToArray();

            Assert.Equal($"{program} start --foreground\n", (await RunAsync(command[0], command[1..])).Output);
        }
    }

    [Fact]
    public void Launchd_reads_back_what_was_meant() => Spec.Sample(spec =>
    {
        var top = XDocument.Parse(LaunchAgent.Render(spec)).Root!.Element("dict")!;
        var values = top.Elements("key").ToDictionary(key => key.Value, key => (XElement)key.NextNode!);
        var environment = values["EnvironmentVariables"].Elements("key").Select(key => (key.Value, ((XElement)key.NextNode!).Value));

        return values["ProgramArguments"].Elements("string").Select(e => e.Value).SequenceEqual([spec.Executable, "start", "--foreground"])
            && environment.SequenceEqual(spec.Environment.Select(v => (v.Key, v.Value)))
            && values["RunAtLoad"].Name == "true" && values["KeepAlive"].Element("false") is not null;
    });

    [Fact]
    public void The_task_scheduler_reads_back_what_was_meant() => Spec.Sample(spec =>
    {
        XNamespace task = "http://schemas.microsoft.com/windows/2004/02/mit/task";
        var exec = XDocument.Parse(ScheduledTask.Render(spec, "DESK\\me & you")).Descendants(task + "Exec").Single();
        var command = WindowsWords(exec.Element(task + "Command")!.Value).Single();
        var arguments = WindowsWords(exec.Element(task + "Arguments")!.Value);

        return command == spec.Executable
            && arguments.SequenceEqual([.. spec.Environment.Select(v => $"[env:{v.Key}={v.Value}]"), "start", "--foreground"]);
    });

    [Fact]
    public async Task A_variable_before_the_command_counts()
    {
        var other = _cli.Directory["other home"];

        var set = await _cli.RunAsync($"[env:POCKETCODER_HOME={other}]", "[env:GATEWAY_URL=]", "doctor", "--json");

        Assert.Contains(other, (string)set.Json.AsArray().Single(c => (string)c!["check"]! == "files")!["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Enabling_writes_the_unit_and_starts_it_and_disabling_undoes_it_each_twice_as_well_as_once()
    {
        var calls = FakeSystemctl("exit 0");
        _cli.Environment["GATEWAY_URL"] = "wss://relay.example.org/100%";
        _cli.Environment["LOG_LEVEL"] = "debug";

        var enabled = await _cli.RunAsync("enable-autostart");
        var unit = await File.ReadAllTextAsync(Unit);
        var again = await _cli.RunAsync("enable-autostart");
        var unitAgain = await File.ReadAllTextAsync(Unit);
        var disabled = await _cli.RunAsync("disable-autostart");
        var gone = !File.Exists(Unit);
        var disabledAgain = await _cli.RunAsync("disable-autostart");

        Assert.All([enabled, again, disabled, disabledAgain], outcome => Assert.Equal((ExitCode.Done, ""), (outcome.ExitCode, outcome.Error)));
        Assert.Contains("loginctl enable-linger", enabled.Output, StringComparison.Ordinal);
        Assert.Contains($"ExecStart=\"{TestSystem.Supervisor}\" start --foreground\n", unit, StringComparison.Ordinal);
        Assert.Contains("Environment=\"GATEWAY_URL=wss://relay.example.org/100%%\"\n", unit, StringComparison.Ordinal);
        Assert.Contains($"Environment=\"POCKETCODER_HOME={_cli.Home}\"\n", unit, StringComparison.Ordinal);
        Assert.Contains("Environment=\"LOG_LEVEL=debug\"\n", unit, StringComparison.Ordinal);
        Assert.Contains("KillMode=control-group\n", unit, StringComparison.Ordinal);
        Assert.Contains("Restart=on-failure\n", unit, StringComparison.Ordinal);
        Assert.Equal(unit, unitAgain);
        Assert.True(gone);
        Assert.Equal("Autostart is off.\n", disabledAgain.Output);
        string[] enabling = ["--user daemon-reload", "--user enable pocketcoder.service", "--user start pocketcoder.service"];
        string[] called = await File.ReadAllLinesAsync(calls);
        Assert.Equal([.. enabling, .. enabling, "--user disable pocketcoder.service"], called);
    }

    [Fact]
    public async Task A_daemon_that_runs_is_not_started_a_second_time_and_not_stopped()
    {
        var calls = FakeSystemctl("exit 0");
        await _cli.UpAsync();

        var enabled = await _cli.RunAsync("enable-autostart");
        await _cli.RunAsync("disable-autostart");
        var status = await _cli.RunAsync("status");

        Assert.Contains("The daemon that runs now goes on", enabled.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("--user start pocketcoder.service", await File.ReadAllLinesAsync(calls));
        Assert.Equal(ExitCode.Done, status.ExitCode);
    }

    [Fact]
    public async Task Without_a_bus_or_without_systemd_it_says_what_to_do()
    {
        FakeSystemctl("echo 'Failed to connect to bus: No medium found' >&2; exit 1");
        var noBus = await _cli.RunAsync("enable-autostart");
        _cli.Environment["PATH"] = _cli.Directory["empty"];
        File.Copy(_cli.Directory["bin/systemctl"], Path.Combine(_cli.Work, "systemctl"));
        var noSystemd = await _cli.RunAsync("enable-autostart");
        var disabled = await _cli.RunAsync("disable-autostart");

        Assert.Equal((ExitCode.Failed, ExitCode.Failed, ExitCode.Done), (noBus.ExitCode, noSystemd.ExitCode, disabled.ExitCode));
        Assert.Contains("systemctl says: Failed to connect to bus: No medium found", noBus.Error, StringComparison.Ordinal);
        Assert.Contains("systemctl --user daemon-reload && systemctl --user enable pocketcoder.service", noBus.Error, StringComparison.Ordinal);
        Assert.Contains("systemctl is not there.", noSystemd.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Unit));
    }

    private string FakeSystemctl(string ends)
    {
        var calls = _cli.Directory["systemctl-calls"];
        _cli.Directory.Write("bin/systemctl", $"#!/bin/sh\necho \"$*\" >> '{calls}'\n{ends}\n");
        File.SetUnixFileMode(_cli.Directory["bin/systemctl"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _cli.Environment["PATH"] = $"{_cli.Directory["bin"]}:{Environment.GetEnvironmentVariable("PATH")}";
        _cli.Environment["XDG_CONFIG_HOME"] = _cli.Directory["xdg"];
        return calls;
    }

    private async Task<Outcome> RunAsync(string file, params string[] arguments)
    {
        ProcessStartInfo start = new(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["XDG_RUNTIME_DIR"] = _cli.Work;
        return await InstalledCli.EndAsync(Process.Start(start)!);
    }

    // systemd.syntax(7): words between blanks, double quotes, C escapes; then %% is a percent sign and any other specifier would be a mistake.
    private static List<string> Words(string line)
    {
        List<string> words = [];
        for (var i = 0; i < line.Length; i++)
        {
            StringBuilder word = new();
            var quoted = line[i] == '"';
            for (i += quoted ? 1 : 0; i < line.Length && (quoted ? line[i] != '"' : line[i] != ' '); i++)
            {
                if (line[i] == '\\')
                {
                    i++;
                    Assert.Contains(line[i], "\"\\");
                }
                else if (line[i] == '%')
                {
                    i++;
                    Assert.Equal('%', line[i]);
                }

                word.Append(line[i]);
            }

            words.Add(word.ToString());
            i += quoted ? 1 : 0;
        }

        return words;
    }

    // CommandLineToArgvW: 2n backslashes and a quote are n backslashes and a change of mode, 2n+1 are n and a quote, others are themselves.
    private static List<string> WindowsWords(string line)
    {
        List<string> words = [];
        for (var i = 0; i < line.Length; i++)
        {
            StringBuilder word = new();
            for (var quoted = false; i < line.Length && (quoted || line[i] != ' '); i++)
            {
                var backslashes = line.AsSpan(i).IndexOfAnyExcept('\\') is var n and >= 0 ? n : line.Length - i;
                if (i + backslashes < line.Length && line[i + backslashes] == '"')
                {
                    word.Append('\\', backslashes / 2);
                    i += backslashes;
                    if (backslashes % 2 == 1)
                    {
                        word.Append('"');
                    }
                    else
                    {
                        quoted = !quoted;
                    }
                }
                else
                {
                    word.Append(line[i]);
                }
            }

            words.Add(word.ToString());
        }

        return words;
    }
}
