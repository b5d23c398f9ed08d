using System.Text;
using CsCheck;
using PocketCoder.Daemon.Features.Commands;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

/// <summary>Bytes of a program's output become text, wherever they were cut.</summary>
public sealed class CommandTextTests
{
    // Text of all lengths of characters, and bytes that are none.
    private static readonly Gen<byte[]> Bytes = Gen.OneOf(
        Gen.String[Gen.Char, 0, 200].Select(Encoding.UTF8.GetBytes),
        Gen.Const("aäあ😀"u8.ToArray()),
        Gen.Byte.Array[0, 50]).Array[0, 20].Select(parts => parts.SelectMany(p => p).ToArray());

    [Fact]
    public void Text_is_the_same_however_its_bytes_were_cut() => Gen.Select(Bytes, Gen.Int[1, 40]).Sample((bytes, piece) =>
    {
        var text = string.Concat(Decode(bytes, piece, int.MaxValue, out var complete));

        Assert.Equal(Encoding.UTF8.GetString(bytes), text);
        Assert.True(complete);
    }, iter: 2000);

    [Fact]
    public void A_budget_keeps_the_beginning_and_never_half_a_character() => Gen.Select(Bytes, Gen.Int[1, 40], Gen.Int[0, 400]).Sample((bytes, piece, budget) =>
    {
        var whole = Encoding.UTF8.GetString(bytes);
        var kept = string.Concat(Decode(bytes, piece, budget, out var complete));
        var size = Encoding.UTF8.GetByteCount(kept);

        Assert.StartsWith(kept, whole, StringComparison.Ordinal);
        Assert.Equal(Encoding.UTF8.GetByteCount(whole) <= budget, complete);
        Assert.InRange(size, complete ? size : budget - 3, budget);
    }, iter: 2000);

    [Fact]
    public void A_chunk_has_16_KiB_at_most_also_when_each_byte_becomes_three()
    {
        var bytes = new byte[100_000];
        Array.Fill(bytes, (byte)0xff);

        var chunks = Decode(bytes, 16 * 1024, int.MaxValue, out _);

        Assert.All(chunks, c => Assert.InRange(Encoding.UTF8.GetByteCount(c), 1, 16 * 1024));
        Assert.Equal(100_000, chunks.Sum(c => c.Length));
    }

    [Fact]
    public void A_preview_is_the_last_4_KB_in_whole_characters() => Gen.Select(Gen.Const("aäあ😀\n"), Gen.Int[0, 900], Gen.Int[1, 9000]).Sample((text, times, piece) =>
    {
        var whole = string.Concat(Enumerable.Repeat(text, times));
        var bytes = Encoding.UTF8.GetBytes(whole);
        OutputTail tail = new();
        for (var i = 0; i < bytes.Length; i += piece)
        {
            tail.Append(bytes.AsSpan(i, Math.Min(piece, bytes.Length - i)));
        }

        var preview = tail.ToString();

        Assert.EndsWith(preview, whole, StringComparison.Ordinal);
        Assert.InRange(Encoding.UTF8.GetByteCount(preview), Math.Min(bytes.Length, 4096 - 3), 4096);
    }, iter: 300);

    [Theory]
    [InlineData("/bin/bash", "/bin/bash")]
    [InlineData("/bin/dash", "/bin/dash")]
    [InlineData("bash", "/bin/sh")]
    [InlineData("/usr/bin/python3", "/bin/sh")]
    [InlineData("/no/such/bash", "/bin/sh")]
    [InlineData("", "/bin/sh")]
    [InlineData(null, "/bin/sh")]
    public void The_users_shell_is_taken_when_its_c_option_is_known(string? chosen, string expected) => Assert.Equal(expected, UserShell.ShellOf(chosen));

    private static List<string> Decode(byte[] bytes, int piece, int budget, out bool complete)
    {
        OutputText text = new();
        List<string> chunks = [];
        complete = true;
        for (var i = 0; complete && i <= bytes.Length; i += piece)
        {
            complete = text.Decode(bytes.AsSpan(i, Math.Min(piece, bytes.Length - i)), last: false, budget, Keep);
        }

        complete = complete && text.Decode([], last: true, budget, Keep);
        return chunks;

        void Keep(string chunk, int size)
        {
            chunks.Add(chunk);
            budget -= size;
        }
    }
}
