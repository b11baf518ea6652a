// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/demo/democontent.h"

#include <QJsonDocument>
#include <QJsonObject>

namespace msgsrv::console::demo {

QString description(int user, bool offer, Fault fault)
{
    const bool odd = fault == Fault::NoCodec && !offer;
    const QString sdp
        = QStringLiteral(
              "v=0\r\no=- %1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
              "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:%2\r\n"
              "a=ice-pwd:(blanked)\r\na=ice-options:trickle\r\na=fingerprint:sha-256 "
              "9B:4E:%3\r\na=setup:%4\r\n"
              "a=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 "
              "minptime=10;useinbandfec=1\r\n"
              "a=rtpmap:63 red/48000/2\r\n"
              "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 "
              "0.0.0.0\r\na=mid:1\r\na=sendrecv\r\na=rtcp-mux\r\n"
              "a=rtpmap:96 %5/90000\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 "
              "apt=96\r\n")
              .arg(4'611'731'400'430'051'336LL + user)
              .arg(QString::number(7'340'033 + user * 7919, 36))
              .arg(QString::number(0xA0 + user % 90, 16).toUpper(),
                   offer ? QStringLiteral("actpass") : QStringLiteral("active"),
                   odd                           ? QStringLiteral("AV1")
                       : fault == Fault::NoCodec ? QStringLiteral("H264")
                                                 : QStringLiteral("VP8"));
    return QString::fromUtf8(
        QJsonDocument(
            QJsonObject{{QLatin1String("type"), offer ? QLatin1String("offer") : QLatin1String("answer")},
                        {QLatin1String("sdp"), sdp}})
            .toJson(QJsonDocument::Compact));
}

QString candidate(int user, int number, Fault fault)
{
    const int kind = fault == Fault::OnlyMdns ? 0 : number % 3;
    QString line;
    if (kind == 0)
        line = QStringLiteral("candidate:%1 1 udp 2122260223 %2.local %3 typ host generation 0")
                   .arg(1'000'000 + user)
                   .arg(QStringLiteral("7c0f%1-3d1e-4b6a").arg(user, 4, 16, QLatin1Char('0')))
                   .arg(50000 + user);
    else if (kind == 1)
        line = QStringLiteral("candidate:%1 1 udp 1686052607 198.51.100.%2 %3 typ srflx raddr 0.0.0.0 rport "
                              "0 generation 0")
                   .arg(2'000'000 + user)
                   .arg(user % 250)
                   .arg(51000 + user);
    else
        line = QStringLiteral("candidate:%1 1 udp 41885439 203.0.113.7 %2 typ relay raddr 198.51.100.%3 "
                              "rport %4 generation 0")
                   .arg(3'000'000 + user)
                   .arg(52000 + user)
                   .arg(user % 250)
                   .arg(51000 + user);
    return QString::fromUtf8(QJsonDocument(QJsonObject{{QLatin1String("candidate"), line},
                                                       {QLatin1String("sdpMid"), QLatin1String("0")},
                                                       {QLatin1String("sdpMLineIndex"), 0}})
                                 .toJson(QJsonDocument::Compact));
}

} // namespace msgsrv::console::demo
