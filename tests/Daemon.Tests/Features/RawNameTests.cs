using System.Text;
using CsCheck;
using PocketCoder.Daemon.Features.Files;
using Xunit;

namespace PocketCoder.Daemon.Tests.Features;

public sealed class RawNameTests
{
    // ASCII, the parts of ä, of U+EF80 and of an emoji, and what is never valid.
    private static readonly byte[] Telling = [(byte)'a', (byte)'.', 0xC3, 0xA4, 0xEE, 0xBE, 0x80, 0xBF, 0xF0, 0x9F, 0x98, 0xFF];

    private static readonly Gen<byte[]> Names = Gen.Frequency(
        (3, Gen.Byte.Array[0, 40]),
        (3, Gen.Int[0, Telling.Length - 1].Select(i => Telling[i]).Array[0, 30]));

    [Fact]
    public void Every_name_comes_back_from_its_text() =>
        Names.Sample(name => Assert.Equal(name, RawName.ToBytes(RawName.ToText(name))), iter: 20_000);

    [Fact]
    public void No_two_names_have_the_same_text() =>
        Gen.Select(Names, Names).Sample((a, b) => Assert.Equal(a.AsSpan().SequenceEqual(b), RawName.ToText(a) == RawName.ToText(b)), iter: 20_000);

    [Fact]
    public void The_text_is_always_valid_and_UTF_8_stays_as_it_is()
    {
        Names.Sample(name => new UTF8Encoding(false, throwOnInvalidBytes: true).GetByteCount(RawName.ToText(name)), iter: 5_000);
        Assert.Equal("grüße 👍.txt", RawName.ToText("grüße 👍.txt"u8));
        Assert.Equal("a\uEFFFb", RawName.ToText([(byte)'a', 0xFF, (byte)'b']));
    }
}
