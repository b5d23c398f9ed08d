namespace PocketCoder.Relay.Identity.Supabase;

/// <summary>
/// To the provider through Supabase and back. The client's own PKCE challenge goes through, so only the client can use the code. Supabase hands no
/// <c>state</c> on: it travels in the address that Supabase comes back to, which is the relay's, and that is the only one its list has to allow.
/// </summary>
internal sealed class SupabaseSignIn(SupabaseClient supabase, SignInState states, TimeProvider time) : ISignIn
{
    public async Task<Uri> BeginAsync(SignInRequest request, Uri callback)
    {
        SignInFlow flow = new(request.RedirectUri.AbsoluteUri, request.State, request.CodeChallenge, Verifier: "", Nonce: "", (time.GetUtcNow() + Limits.SignIn).ToUnixTimeSeconds());
        return supabase.AuthorizeUrl(new Uri($"{callback.AbsoluteUri}/{await states.SealAsync(flow)}"), request.CodeChallenge);
    }

    public async Task<Uri?> ReturnAsync(SignInReturn returned, Uri callback) =>
        await states.TakeAsync(returned.Sealed) is not { } flow ? null
        : returned.Code is { Length: > 0 } code ? SignInAnswer.WithCode(flow, code)
        : SignInAnswer.WithError(flow, returned.Error);
}
