using System.Text;
using CsCheck;
using PocketCoder.Daemon.Features.Agent.Terminal;
using PocketCoder.TestSupport;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>The way through a transcript, whatever somebody wrote into it.</summary>
public sealed class TranscriptWalkTests
{
    private static readonly Guid[] Ids = [.. Enumerable.Range(1, 12).Select(i => new Guid(i, 0, 0, new byte[8]))];

    private static readonly string[] Types = ["user", "assistant", "attachment", "system"];

    private static readonly string[] Garbage =
        ["", "null", "[]", "{\"uuid\":7}", "{\"type\":\"user\",\"uuid\":\"" + Ids[0], "\"\\ud800\"", "{\"uuid\":\"\\ud800\",\"type\":\"user\"}", "\0\0\0"];

    private static readonly Gen<string> Line = Gen.OneOf(
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 11], Gen.Int[-3, 11], Gen.Int[0, 3], Gen.Bool, (type, id, parent, message, result) =>
            $$"""{"parentUuid":{{(parent < 0 ? "null" : $"\"{Ids[parent]}\"")}},"type":"{{Types[type]}}","message":{"id":"m{{message}}","content":"text"},"uuid":"{{Ids[id]}}"{{(result ? ",\"toolUseResult\":1" : "")}}}"""),
        Gen.Int[0, 11].Select(id => $$"""{"type":"last-prompt","leafUuid":"{{Ids[id]}}"}"""),
        Gen.Int[0, Garbage.Length - 1].Select(i => Garbage[i]),
        Gen.String);

    [Fact]
    public void Any_lines_give_a_path_without_a_line_twice_and_what_was_told_once_stays_told()
    {
        using TempDirectory directory = new();
        Gen.Select(Line.Array[0, 40], Gen.Int[0, 60]).Sample((lines, cut) =>
        {
            var path = directory[$"{Guid.NewGuid()}.jsonl"];
            var bytes = Encoding.UTF8.GetBytes(string.Join('\n', lines));
            var first = bytes.Length * Math.Min(cut, 60) / 60;
            Transcript transcript = new(new TranscriptFile(path, "", 0, default));
            File.WriteAllBytes(path, bytes[..first]);
            Assert.True(transcript.ReadOn());
            var size = transcript.Size;
            var before = transcript.ViewAt(size);
            File.WriteAllBytes(path, [.. bytes, (byte)'\n']);
            Assert.True(transcript.ReadOn());
            var after = transcript.ViewAt(transcript.Size);
            File.Delete(path);

            foreach (var view in new[] { before, after })
            {
                Assert.Equal(view.Lines.Count, view.Lines.DistinctBy(l => l.Id).Count());
                Assert.Equal(view.Leaf, view.Path.Count > 0 ? view.Path[^1].Id : null);
                Assert.Equal(view.Path.Skip(1).Select(l => l.Parent), view.Path.SkipLast(1).Select(l => (Guid?)l.Id));
                Assert.Subset(view.Lines.Select(l => l.Id).ToHashSet(), view.Path.Select(l => l.Id).ToHashSet());
            }

            // The same prefix shows the same conversation again, also in a file that has grown.
            Assert.Equal(before.Lines.Select(l => l.Id), transcript.ViewAt(size).Lines.Select(l => l.Id));
        }, iter: 2000);
    }

    [Theory]
    [InlineData("/srv/lab/paths/dots.and.more", "-srv-lab-paths-dots-and-more")]
    [InlineData("/srv/lab/paths/ünïcode", "-srv-lab-paths--n-code")]
    [InlineData("/srv/lab/paths/emoji😀x", "-srv-lab-paths-emoji--x")]
    [InlineData("/srv/lab/paths/UPPER-Case", "-srv-lab-paths-UPPER-Case")]
    public void A_directory_has_the_name_that_Claude_Code_gives_it(string path, string name) => Assert.Equal(name, TranscriptFiles.NameOf(path));

    [Fact]
    public void A_name_that_is_too_long_is_cut_and_ends_in_a_hash() =>
        Assert.Equal($"-srv-lab-paths-{new string('z', 185)}-lur0ja", TranscriptFiles.NameOf("/srv/lab/paths/" + new string('z', 186)));
}
