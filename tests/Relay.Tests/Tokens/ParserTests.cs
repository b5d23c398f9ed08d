using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using PocketCoder.Relay.Identity;
using PocketCoder.TestSupport.Supabase;
using Xunit;

namespace PocketCoder.Relay.Tests.Tokens;

/// <summary>What strangers and services send is read or refused, whatever it is.</summary>
public sealed class ParserTests
{
    private static readonly JwtRules Rules = new("iss", "aud", ["JWT"], TimeSpan.Zero, TimeProvider.System);

    private static readonly string[] Members = ["kty", "crv", "x", "y", "alg", "use", "n", "e", "d"];

    private static readonly Gen<JsonNode?> Value = Gen.OneOf(
        Gen.String.Select(text => (JsonNode?)JsonValue.Create(text)), Gen.Int.Select(number => (JsonNode?)JsonValue.Create(number)), Gen.Bool.Select(flag => (JsonNode?)JsonValue.Create(flag)),
        Gen.Const((JsonNode?)null), Gen.Int[0, 3].Select(count => (JsonNode?)new JsonArray([.. Enumerable.Range(0, count).Select(i => (JsonNode?)i)])), Gen.Const(0).Select(_ => (JsonNode?)new JsonObject()));

    [Fact]
    public void Any_text_is_no_token_and_nothing_else() => Gen.OneOf(
        Gen.String,
        Gen.Select(Gen.Byte.Array, Gen.Byte.Array, Gen.Byte.Array, (a, b, c) => $"{Part(a)}.{Part(b)}.{Part(c)}"),
        Gen.Select(Value, Value, Value, (alg, kid, exp) =>
            $"{Part(Encoding.UTF8.GetBytes(new JsonObject { ["alg"] = alg, ["kid"] = kid }.ToJsonString()))}.{Part(Encoding.UTF8.GetBytes(new JsonObject { ["exp"] = exp, ["iss"] = "iss" }.ToJsonString()))}.AA"))
        .Sample(token => Jwt.VerifyAsync(token, (_, _) => Task.FromResult<VerificationKey?>(null), Rules).Result is null);

    [Fact]
    public void A_key_set_with_anything_in_it_keeps_its_good_keys() => Gen.Select(Gen.Int[0, Members.Length - 1].Select(i => Members[i]), Value).Array[1, 4].Sample(changes =>
    {
        var set = new SupabaseKeys(TimeProvider.System, secret: null).PublicSet();
        var bent = set["keys"]![0]!.DeepClone().AsObject();
        bent["kid"] = "bent";
        foreach (var (name, value) in changes)
        {
            bent[name] = value?.DeepClone();
        }

        set["keys"]!.AsArray().Add(bent);
        var keys = JsonWebKeyParser.Parse(Encoding.UTF8.GetBytes(set.ToJsonString()));
        return keys.Count is 1 or 2 && keys.Values.All(key => key.Algorithm == "ES256");
    });

    [Fact]
    public void What_is_no_key_set_is_said_to_be_none() => Gen.OneOf(Gen.String, Value.Select(value => value?.ToJsonString() ?? "null"), Value.Select(value => new JsonObject { ["keys"] = value }.ToJsonString())).Sample(text =>
    {
        try
        {
            return JsonWebKeyParser.Parse(Encoding.UTF8.GetBytes(text)).Count == 0;
        }
        catch (JsonException)
        {
            return true;
        }
    });

    [Theory]
    [InlineData("""{"kty":"oct","kid":"k","k":"c2VjcmV0","alg":"HS256"}""")]
    [InlineData("""{"kty":"RSA","kid":"k","n":"AQAB","e":"AQAB"}""")]
    [InlineData("""{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}""")]
    [InlineData("""{"kty":"EC","crv":"P-256","kid":"k","x":"AAAA","y":"AAAA"}""")]
    public void A_secret_a_weak_key_and_one_that_is_none_are_passed_over(string key) =>
        Assert.Empty(JsonWebKeyParser.Parse(Encoding.UTF8.GetBytes($$"""{"keys":[{{key}}]}""")));

    [Fact]
    public void Half_a_surrogate_pair_in_one_key_leaves_the_others()
    {
        var good = new SupabaseKeys(TimeProvider.System, secret: null).PublicSet()["keys"]![0]!.ToJsonString();
        string[] bad = [@"{""kid"":""\ud800"",""kty"":""EC""}", @"{""use"":""\udfff""}", @"{""\ud800"":1,""kty"":""\ud800""}"];

        Assert.Single(JsonWebKeyParser.Parse(Encoding.UTF8.GetBytes($$"""{"keys":[{{string.Join(',', bad)}},{{good}}]}""")));
    }

    private static string Part(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
