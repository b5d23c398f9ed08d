namespace PocketCoder.Protocol.Messaging;

/// <summary>A group of message handlers; its <see cref="Map"/> is the table of contents.</summary>
public interface IFeature
{
    void Map(MessageRoutes routes);
}
