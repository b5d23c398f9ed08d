namespace PocketCoder.Protocol.Messaging;

/// <summary>A message with one field of bulk bytes: who reads the binary form gets them as they are, behind the rest of the message.</summary>
public interface IBulkMessage<out TSelf> : IMessage, IDisposable
{
    ReadOnlyMemory<byte> Bulk { get; }

    /// <summary>The message as it stands in the header of the binary form.</summary>
    TSelf WithoutBulk();
}
