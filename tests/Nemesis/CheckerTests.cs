using PocketCoder.Nemesis.Checks;
using PocketCoder.Nemesis.History;
using Xunit;

namespace PocketCoder.Nemesis;

/// <summary>Each rule by what breaks it and nothing else.</summary>
public sealed class CheckerTests
{
    private readonly Story _story = Story.Good();

    [Fact]
    public void A_run_in_which_all_went_well_breaks_nothing() => Assert.Empty(_story.Violations());

    [Fact]
    public void An_event_that_was_seen_and_is_in_no_log_is_lost()
    {
        _story.Entries.Add(new Saw(2, 2, LoggedEvent.Parse(Story.Event(9, "text", ("text", "gone")).ToJsonString())));

        Assert.Equal([Rule.EventLost], _story.Broken());
    }

    [Fact]
    public void An_event_is_the_same_bytes_to_everybody()
    {
        var saw = _story.IndexOf<Saw>(s => s.Event.Seq == 2);
        _story.Entries[saw] = new Saw(1, 1, LoggedEvent.Parse(Story.Event(2, "text", ("text", "other")).ToJsonString()));

        Assert.Equal([Rule.EventReplaced], _story.Broken());
    }

    [Fact]
    public void Who_follows_is_sent_every_event()
    {
        _story.Entries.RemoveAt(_story.IndexOf<Saw>(s => s is { Client: 2, Event.Seq: 7 }));

        Assert.Equal([Rule.EventMissed], _story.Broken());
    }

    [Fact]
    public void Who_attached_has_everything_when_it_is_told_so()
    {
        _story.Entries.RemoveAt(_story.IndexOf<Saw>(s => s is { Client: 2, Event.Seq: 5 }));

        Assert.Contains(Rule.EventMissed, _story.Broken());
    }

    [Fact]
    public void Who_does_not_follow_any_more_may_be_sent_what_does_not_follow()
    {
        var saw = _story.IndexOf<Saw>(s => s is { Client: 2, Event.Seq: 7 });
        _story.Entries[saw] = new MachineChanged(2, 2);

        Assert.Empty(_story.Violations());
    }

    [Fact]
    public void An_event_comes_as_often_as_it_was_asked_for()
    {
        _story.Entries.Add(_story.SawBy(2, index: 1));

        Assert.Equal([Rule.EventDoubled], _story.Broken());

        _story.Entries.Insert(_story.Entries.Count - 1, new AttachAsked(2, 2, Story.Session, 1));

        Assert.Empty(_story.Violations());
    }

    [Fact]
    public void An_open_prompt_is_told_again()
    {
        _story.Entries.Add(_story.SawBy(2, index: 4));

        Assert.Empty(_story.Violations());
    }

    [Fact]
    public void The_numbers_of_a_log_have_no_hole()
    {
        _story.Log.Add(Story.Event(10, "status"));

        Assert.Equal([Rule.NumbersBroken], _story.Broken());
    }

    [Fact]
    public void What_was_acknowledged_is_in_the_log_where_the_answer_said()
    {
        _story.Entries.AddRange([new Sent(1, 1, "m3", Story.Session, "say m3"), new Acknowledged(1, 1, "m3", Story.Session)]);

        Assert.Equal([Rule.MessageLost], _story.Broken());
    }

    [Fact]
    public void What_was_not_acknowledged_may_be_missing()
    {
        _story.Entries.Add(new Sent(1, 1, "m3", Story.Session, "say m3"));

        Assert.Empty(_story.Violations());
    }

    [Fact]
    public void A_message_is_in_the_log_once_whether_it_was_acknowledged_or_not()
    {
        _story.Entries.RemoveAll(e => e is Acknowledged { MessageId: "m2" });
        _story.Happens(2, "user", ("messageId", "m2"), ("content", "ask-permission m2"));

        Assert.Equal([Rule.MessageDoubled, Rule.NotEnded], _story.Broken());
    }

    [Fact]
    public void A_message_is_run_once()
    {
        _story.Ledger.Add("m1");

        Assert.Equal([Rule.RunTwice], _story.Broken());
    }

    [Fact]
    public void A_message_is_given_once_while_it_waits()
    {
        _story.Entries.Add(new Sent(2, 2, "m3", Story.Session, "wait m3"));
        _story.Happens(2, "user", ("messageId", "m3"), ("content", "wait m3"));
        _story.Happens(2, "status", ("messageId", "m3"));
        _story.Happens(2, "done", ("messageId", "m3"));
        _story.Log[^1]["cancelled"] = true;
        _story.Entries[^1] = _story.SawBy(2, index: 10);

        Assert.Empty(_story.Violations());

        _story.Happens(2, "status", ("messageId", "m3"));

        Assert.Equal([Rule.RunTwice], _story.Broken());
    }

    [Fact]
    public void What_was_run_is_in_a_log()
    {
        _story.Ledger.Add("m3");

        Assert.Equal([Rule.RunUnlogged], _story.Broken());
    }

    [Fact]
    public void What_was_acknowledged_before_another_was_sent_stands_before_it()
    {
        var answer = _story.IndexOf<Acknowledged>(a => a.MessageId == "m2");
        var late = _story.Entries[answer];
        _story.Entries.RemoveAt(answer);
        _story.Entries.RemoveAll(e => e is Sent { MessageId: "m2" });
        _story.Entries.InsertRange(0, [new Sent(1, 1, "m2", Story.Session, "ask-permission m2"), late]);

        Assert.Equal([Rule.OrderBroken], _story.Broken());
    }

    [Fact]
    public void Messages_end_in_their_order()
    {
        _story.Entries.RemoveAll(e => e is Sent or Acknowledged);
        _story.Entries.AddRange([new Sent(1, 3, "m1", null, ""), new Sent(1, 3, "m2", Story.Session, "")]);
        _story.Entries.RemoveAll(e => e is Saw or AttachAsked or AttachAnswered);
        Swap("messageId", at: 2, and: 7);
        Swap("text", at: 1, and: 6);
        _story.Log[1]["text"] = "m1";
        _story.Log[6]["text"] = "Allowed. m2";

        Assert.Contains(Rule.OrderBroken, Ordered().Broken());
    }

    [Fact]
    public void Each_message_has_an_end()
    {
        Drop(last: 1);

        Assert.Equal([Rule.NotEnded], _story.Broken());
    }

    [Fact]
    public void A_message_that_went_into_a_running_turn_ends_with_it()
    {
        _story.Entries.AddRange([new Sent(2, 2, "m3", Story.Session, "say m3", Steer: true)]);
        _story.Happens(2, "user", ("messageId", "m3"), ("content", "say m3"));
        _story.Happens(2, "user", ("messageId", "m4"), ("content", "say m4"));
        _story.Entries.Insert(0, new Sent(2, 2, "m4", Story.Session, "say m4"));
        _story.Log.Add(Story.Event(11, "done", ("messageId", "m4")));
        _story.Log[^1]["steered"] = new System.Text.Json.Nodes.JsonArray("m3");
        _story.Log[^1]["cancelled"] = true;

        Assert.Empty(_story.Violations());
    }

    [Fact]
    public void A_message_for_a_running_turn_that_came_too_late_for_it_has_a_turn_of_its_own_before_those_that_wait()
    {
        _story.Entries.AddRange([new Sent(1, 1, "m3", Story.Session, "wait m3"), new Sent(2, 2, "m4", Story.Session, "wait m4", Steer: true)]);
        _story.Happens(2, "user", ("messageId", "m3"), ("content", "wait m3"));
        _story.Happens(2, "user", ("messageId", "m4"), ("content", "wait m4"));
        _story.Happens(2, "status", ("messageId", "m4"));
        _story.Happens(2, "status", ("messageId", "m4"));
        foreach (var id in (string[])["m4", "m3"])
        {
            _story.Log.Add(Story.Event(_story.Log.Count + 1, "done", ("messageId", id)));
            _story.Log[^1]["cancelled"] = true;
        }

        Assert.Empty(_story.Violations());

        _story.Entries.RemoveAll(e => e is Sent { Steer: true });
        _story.Entries.Add(new Sent(2, 2, "m4", Story.Session, "wait m4"));

        Assert.Equal([Rule.RunTwice, Rule.OrderBroken], _story.Broken());
    }

    [Fact]
    public void A_turn_ends_once()
    {
        _story.Happens(2, "done", ("messageId", "m2"));

        Assert.Equal([Rule.EndedTwice], _story.Broken());
    }

    [Fact]
    public void Nothing_ends_that_nobody_asked_for()
    {
        _story.Happens(2, "done");

        Assert.Equal([Rule.EndedTwice], _story.Broken());
    }

    [Fact]
    public void A_turn_that_ended_well_has_its_answer_once()
    {
        _story.Log[6]["text"] = "Allowed. m9";
        _story.Entries[_story.IndexOf<Saw>(s => s.Event.Seq == 7)] = _story.SawBy(2, index: 6);

        Assert.Equal([Rule.AnswerWrong], _story.Broken());

        _story.Log[6]["text"] = "Allowed. m1";
        _story.Entries[_story.IndexOf<Saw>(s => s.Event.Seq == 7)] = _story.SawBy(2, index: 6);

        Assert.Equal([Rule.AnswerWrong], _story.Broken());
    }

    [Fact]
    public void A_turn_that_ended_well_was_run()
    {
        _story.Ledger.Remove("m2");

        Assert.Equal([Rule.AnswerWrong], _story.Broken());
    }

    [Fact]
    public void A_turn_that_was_interrupted_needs_no_answer()
    {
        _story.Ledger.Remove("m2");
        _story.Log[6] = Story.Event(7, "status");
        _story.Log[7]["interrupted"] = true;
        _story.Entries[_story.IndexOf<Saw>(s => s.Event.Seq == 7)] = _story.SawBy(2, index: 6);
        _story.Entries[_story.IndexOf<Saw>(s => s.Event.Seq == 8)] = _story.SawBy(2, index: 7);

        Assert.Empty(_story.Violations());
    }

    [Fact]
    public void A_prompt_is_closed()
    {
        _story.Log[5] = Story.Event(6, "status");
        _story.Entries[_story.IndexOf<Saw>(s => s.Event.Seq == 6)] = _story.SawBy(2, index: 5);

        Assert.Equal([Rule.PromptWrong], _story.Broken());
    }

    [Fact]
    public void A_prompt_is_closed_once()
    {
        _story.Happens(2, "prompt_resolved", ("promptId", "p1"), ("outcome", "allowed"));

        Assert.Equal([Rule.PromptWrong], _story.Broken());
    }

    [Fact]
    public void A_prompt_is_closed_as_it_was_answered()
    {
        _story.Entries[_story.IndexOf<PromptAnswered>(_ => true)] = new PromptAnswered(2, Story.Session, "p1", Allow: false);

        Assert.Equal([Rule.PromptWrong], _story.Broken());
    }

    [Fact]
    public void One_answer_to_a_prompt_is_taken()
    {
        _story.Entries.Add(new PromptAnswered(1, Story.Session, "p1", Allow: true));

        Assert.Equal([Rule.PromptWrong], _story.Broken());
    }

    [Theory]
    [InlineData("running", 0, 0)]
    [InlineData("idle", 1, 0)]
    [InlineData("idle", 0, 1)]
    public void At_the_end_nothing_is_open(string state, int queued, int prompts)
    {
        _story.Rest = new SessionRest(state, queued, prompts);

        Assert.Equal([Rule.NotIdle], _story.Broken());
    }

    [Theory]
    [InlineData("agent_message", "UNKNOWN_ERROR", false)]
    [InlineData("agent_session_attach", "NOT_FOUND", false)]
    [InlineData("agent_prompt_response", "NOT_FOUND", true)]
    [InlineData("agent_message", "MACHINE_OFFLINE", true)]
    public void A_request_fails_only_for_what_was_done_to_the_system(string request, string code, bool explained)
    {
        _story.Entries.Add(new Refused(1, request, Story.Session, code, ""));

        Assert.Equal(explained ? [] : [Rule.Unexplained], _story.Broken());
    }

    [Fact]
    public void The_log_keeps_its_name()
    {
        _story.Entries.AddRange([new AttachAsked(2, 2, Story.Session, 8), new AttachAnswered(2, 2, Story.Session, 8, "another")]);

        Assert.Equal([Rule.Unexplained], _story.Broken());
    }

    private void Drop(int last)
    {
        for (var i = 0; i < last; i++)
        {
            _story.Entries.RemoveAll(e => e is Saw saw && saw.Event.Seq == _story.Log.Count);
            _story.Log.RemoveAt(_story.Log.Count - 1);
        }
    }

    private void Swap(string member, int at, int and) =>
        (_story.Log[at][member], _story.Log[and][member]) = ((string?)_story.Log[and][member], (string?)_story.Log[at][member]);

    // Both messages come, then both end.
    private Story Ordered()
    {
        var second = _story.Log[3].DeepClone().AsObject();
        _story.Log.RemoveAt(3);
        _story.Log.Insert(1, second);
        for (var i = 0; i < _story.Log.Count; i++)
        {
            _story.Log[i]["seq"] = i + 1;
        }

        return _story;
    }
}
