// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QStringList>

#include <vector>

namespace msgsrv::console {

/// A session description (RFC 8866), as far as people look at it.
struct Sdp
{
    struct Line
    {
        QChar type;
        QString value;
        QString meaning; ///< in words, for the lines that WebRTC uses; else empty
    };
    struct Section
    {
        QString title; ///< "session", or kind and mid of a media section: "audio (mid 0)"
        QString media; ///< audio, video, application; empty for the session's part
        QStringList codecs; ///< names of a=rtpmap, e.g. opus/48000/2
        std::vector<Line> lines;
        QStringList formats; ///< of the m= line: payload types
        int port = 0; ///< of the m= line

        [[nodiscard]] bool has(const QString &attribute) const; ///< a line a=attribute, without a value
        /// Port 0, and not because it shares another section's (RFC 8843).
        [[nodiscard]] bool isRejected() const;
    };
    std::vector<Section> sections;

    [[nodiscard]] bool isEmpty() const { return sections.empty(); }
    /// Never fails: lines that are none are left out.
    [[nodiscard]] static Sdp parse(const QString &text);
    /// The description inside a message's content: the content itself, or an `sdp` member at most four levels
    /// deep in JSON, also where JSON stands inside a string. Empty if there is none.
    [[nodiscard]] static QString textIn(const QString &content);
};

/// An ICE candidate line (RFC 8839, 5.1).
struct IceCandidate
{
    QString type; ///< host, srflx, prflx, relay
    QString transport; ///< udp, tcp
    QString address;
    int port = 0;
    quint32 priority = 0;
    QString related; ///< raddr:rport

    /// Its own address, and one that others in the net can reach: neither private, nor .local, nor for
    /// documents.
    [[nodiscard]] bool isPublicHost() const;
    [[nodiscard]] bool isMdns() const { return address.endsWith(QLatin1String(".local")); }
    [[nodiscard]] bool isValid() const { return !type.isEmpty(); }
    /// @p line with or without "a=".
    [[nodiscard]] static IceCandidate parse(const QString &line);
    /// All candidates in a message's content: `candidate` members, the content itself, or lines of a
    /// description.
    [[nodiscard]] static std::vector<IceCandidate> allIn(const QString &content);
};

} // namespace msgsrv::console
