using System.Text;
using CsCheck;
using PocketCoder.Daemon.Features.Git;
using PocketCoder.Protocol;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

public sealed class GitParserTests
{
    private const string Sha = "0123456789abcdef0123456789abcdef01234567";

    // Everything that a name may hold: all but NUL and the slash at its ends.
    private static readonly Gen<string> Name = Gen.String[Gen.Char["ab /-\"\\\n\t\r#?12u:ü\u2028.->, "], 1, 12];

    private static readonly Gen<string> Text = Gen.String[Gen.Char["ab \"\\\t:ü>,-"], 0, 12];

    private static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    [Fact]
    public void A_status_is_read_as_it_was_written()
    {
        var entry = Gen.OneOf(
            Gen.Select(Gen.Char[".MTADRC"], Gen.Char[".MTD"], Name).Select(e => (Type: '1', Xy: $"{e.Item1}{e.Item2}", Path: e.Item3, From: "")),
            Gen.Select(Gen.Char["RC"], Gen.Char[".MTD"], Name, Name).Select(e => (Type: '2', Xy: $"{e.Item1}{e.Item2}", Path: e.Item3, From: e.Item4)),
            Name.Select(path => (Type: 'u', Xy: "UU", Path: path, From: "")),
            Name.Select(path => (Type: '?', Xy: "", Path: path, From: "")));
        entry.Array[0, 8].Sample(entries =>
        {
            var output = "# branch.oid (initial)\0# branch.head main\0# branch.ab +3 -2\0" + string.Concat(entries.Select(e => e.Type switch
            {
                '1' => $"1 {e.Xy} N... 100644 100644 100644 {Sha} {Sha} {e.Path}\0",
                '2' => $"2 {e.Xy} N... 100644 100644 100644 {Sha} {Sha} R100 {e.Path}\0{e.From}\0",
                'u' => $"u UU N... 100644 100644 100644 100644 {Sha} {Sha} {Sha} {e.Path}\0",
                _ => $"? {e.Path}\0",
            }));

            var status = PorcelainStatus.Parse(output, "");

            var changed = entries.Where(e => e.Type is '1' or '2').ToList();
            Assert.Equal(("main", 3, 2), (status.Branch, status.Ahead, status.Behind));
            Assert.Equal(changed.Where(e => e.Xy[0] != '.').Select(e => new GitChange(e.Path, e.Xy[..1], e.Type == '2' ? e.From : null)), status.Staged);
            Assert.Equal(
                changed.Where(e => e.Xy[1] != '.').Select(e => (e.Path, e.Xy[1..])).Concat(entries.Where(e => e.Type == '?').Select(e => (e.Path, "?"))).Order(),
                status.Unstaged.Select(c => (c.Path, c.Status)).Order());
            Assert.Equal(entries.Where(e => e.Type == 'u').Select(e => new GitChange(e.Path, "UU")), status.Conflicted);
        }, iter: 5_000);
    }

    [Fact]
    public void Branches_are_read_as_they_were_written()
    {
        Gen.Select(Name.Where(n => !n.Any(char.IsControl)), Text, Gen.Int[0, 99], Gen.Int[0, 99], Gen.Long[-62_135_596_800, 253_402_300_799], Gen.Bool).Array[0, 8].Sample(branches =>
        {
            var output = string.Concat(branches.Select(b =>
                $"{(b.Item6 ? "refs/heads/" : "refs/remotes/")}{b.Item1}\0{Sha}\0{(b.Item6 ? "o/x" : "")}\0ahead {b.Item3}, behind {b.Item4}\0{b.Item5}\0\0{b.Item2}\n"))
                + $"refs/remotes/o/HEAD\0{Sha}\0\0\0{0}\0refs/remotes/o/main\0x\n";

            Assert.Equal(
                branches.Select(b => b.Item6
                    ? new GitBranch(b.Item1, GitBranchKind.Local, Sha, b.Item3, b.Item4, DateTimeOffset.FromUnixTimeSeconds(b.Item5), b.Item2, "o/x")
                    : new GitBranch(b.Item1, GitBranchKind.Remote, Sha, 0, 0, DateTimeOffset.FromUnixTimeSeconds(b.Item5), b.Item2)),
                BranchList.Parse(output));
        }, iter: 5_000);
    }

    [Fact]
    public void A_log_is_read_as_it_was_written_and_a_cut_one_up_to_the_cut()
    {
        Gen.Select(Text, Text, Text, Gen.Long[0, 4_000_000_000], Gen.String[Gen.Char["ab\n\r ü"], 0, 20], Gen.Int[0, 1_000]).Array[0, 8].Sample(commits =>
        {
            var output = string.Concat(commits.Select(c => $"{Sha}\0{Sha} {Sha}\0{c.Item1}\0{c.Item2}\0{c.Item4}\0HEAD -> main, tag: v1\0{c.Item3}\0{c.Item5}\0"));

            var parsed = CommitLog.Parse(output).ToList();

            Assert.Equal(
                commits.Select(c => (c.Item1, c.Item2, c.Item3, c.Item4, c.Item5.TrimEnd('\n'), "main v1")),
                parsed.Select(c => (c.AuthorName, c.AuthorEmail, c.Subject, c.AuthoredAt.ToUnixTimeSeconds(), c.Body ?? "", string.Join(' ', c.Refs!))));
            var cut = output.Length == 0 ? 0 : commits.Sum(c => c.Item6) % output.Length;
            Assert.Equal(parsed.Take(output[..cut].Count(c => c == '\0') / 8).Select(c => c.Subject), CommitLog.Parse(output[..cut]).Select(c => c.Subject));
        }, iter: 5_000);
    }

    [Fact]
    public void Hunks_are_read_by_their_counts_whatever_their_lines_look_like()
    {
        var line = Gen.Select(Gen.Char[" +-"], OneOf("", "x", "diff --git a/x b/x", "@@ -1 +1 @@", "-- a", "++ b", "\\ No newline", "* Unmerged path")).Select(l => l.Item1 + l.Item2);
        var hunk = Gen.Select(line.Array[1, 6], Gen.Bool, Gen.Int[0, 1_000_000]);
        Gen.Select(Gen.Select(Name, hunk.Array[0, 3]).Array[0, 4], Gen.Int[0, 10_000]).Sample((files, at) =>
        {
            StringBuilder raw = new(), counts = new(), patch = new();
            foreach (var (name, hunks) in files)
            {
                raw.Append(System.Globalization.CultureInfo.InvariantCulture, $":100644 100644 {Sha} {Sha} M\0{name}\0");
                counts.Append(System.Globalization.CultureInfo.InvariantCulture, $"7\t8\t{name}\0");
                patch.Append(new DiffEntry('M', name, null).PatchHeader).Append("\nindex 1..2 100644\n");
                foreach (var (lines, open, start) in hunks)
                {
                    patch.Append(System.Globalization.CultureInfo.InvariantCulture, $"@@ -{start},{lines.Count(l => l[0] != '+')} +{start},{lines.Count(l => l[0] != '-')} @@ f()\n");
                    patch.AppendJoin('\n', lines).Append('\n').Append(open ? "\\ No newline at end of file\n" : "");
                }
            }

            var output = Encoding.UTF8.GetBytes($"{raw}{counts}\0{patch}");
            var (entries, begin) = DiffOutput.ReadCounted(output);
            var sections = DiffOutput.ReadPatch(output, begin);

            Assert.Equal(files.Select(f => (f.Item1, 7, 8)), entries.Select(e => (e.Path, e.Additions, e.Deletions)));
            Assert.Equal(entries.Select(e => e.PatchHeader), sections.Select(s => s.Title));
            Assert.Equal(
                files.SelectMany(f => f.Item2).Select(h => (h.Item3, string.Join('\n', h.Item1) + (h.Item2 ? "\n\\ No newline at end of file" : ""))),
                sections.SelectMany(s => s.Hunks).Select(h => (h.OldStart, string.Join('\n', DiffOutput.Lines(output, h).Select(l => Encoding.UTF8.GetString(l.Span))))));
            Assert.All(sections.SelectMany(s => s.Hunks), h => Assert.True(h.Complete));

            // Cut anywhere it shows what there is, and never calls half a hunk whole.
            var cut = output[..(at % (output.Length + 1))];
            var (_, cutBegin) = DiffOutput.ReadCounted(cut);
            var whole = DiffOutput.ReadPatch(cut, cutBegin).SelectMany(s => s.Hunks).Where(h => h.Complete).ToList();
            Assert.True(whole.Count <= sections.Sum(s => s.Hunks.Count));
        }, iter: 5_000);
    }

    [Fact]
    public void Noise_is_read_without_a_failure()
    {
        Gen.Select(Gen.Byte.Array[0, 200], OneOf("", "1 MM ", "2 R. N... 1 1 1 a b R1 x\0", ":100644 1 a b M\0x\0" + "1\t2\tx\0\0diff --git a/x b/x\n@@ -1,3 +9 @@\n", "@@ -99999999999 +1 @@")).Sample((noise, start) =>
        {
            byte[] output = [.. Encoding.UTF8.GetBytes(start), .. noise];
            var text = Encoding.UTF8.GetString(output);
            PorcelainStatus.Parse(text, "a/");
            Assert.True(BranchList.Parse(text).Count() <= text.Length);
            Assert.True(CommitLog.Parse(text).Count() <= text.Length);
            RepositoryConfig.Parse(text).Overrides(trusted: false);
            DiffView view = new(path => path, withIds: true);
            view.Add(output);
            view.AddUntracked("x", output);
        }, iter: 20_000);
    }

    [Theory]
    [InlineData("filter.x.clean", true, false)]
    [InlineData("filter.with.dots.process", true, false)]
    [InlineData("diff.x.textconv", true, false)]
    [InlineData("diff.external", true, false)]
    [InlineData("merge.x.driver", true, false)]
    [InlineData("credential.helper", true, true)]
    [InlineData("credential.https://example.org.helper", true, true)]
    [InlineData("core.sshcommand", true, true)]
    [InlineData("remote.a.b.uploadpack", true, true)]
    [InlineData("gpg.ssh.program", true, true)]
    [InlineData("user.name", false, false)]
    [InlineData("filter.x.other", false, false)]
    public void Keys_that_name_programs_are_known_and_the_users_own_stay(string key, bool looking, bool working)
    {
        var repositorys = RepositoryConfig.Parse($"local\0{key}\nx\0");
        var users = RepositoryConfig.Parse($"global\0{key}\nx\0command\0{key}\nx\0");

        Assert.Equal((looking, working), (repositorys.Overrides(trusted: false).Count == 1, repositorys.Overrides(trusted: true).Count == 1));
        Assert.Empty(users.Overrides(trusted: false));
    }

    [Fact]
    public void Clearing_the_repositorys_credential_helpers_keeps_the_users()
    {
        var config = RepositoryConfig.Parse("global\0credential.helper\nstore\0local\0credential.helper\n!evil\0system\0credential.https://a.helper\ncache\0");

        Assert.Equal([("credential.helper", ""), ("credential.helper", "store"), ("credential.https://a.helper", "cache")], config.Overrides(trusted: true));
    }

    [Fact]
    public void A_configuration_that_names_too_many_programs_is_refused()
    {
        var output = string.Concat(Enumerable.Range(0, 1_001).Select(i => $"local\0filter.{i}.clean\nx\0"));

        Assert.Throws<RequestException>(() => RepositoryConfig.Parse(output).Overrides(trusted: false));
    }
}
