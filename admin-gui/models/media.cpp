// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/media.h"

#include "admin-gui/models/sdp.h"

#include <QHash>

namespace msgsrv::console {

namespace {

/// They help others along and say nothing alone.
bool isHelper(const QString &codec)
{
    static const QSet<QString> helpers{QStringLiteral("rtx"),
                                       QStringLiteral("red"),
                                       QStringLiteral("ulpfec"),
                                       QStringLiteral("flexfec-03"),
                                       QStringLiteral("telephone-event"),
                                       QStringLiteral("cn")};
    return helpers.contains(codec);
}

/// Payload types that need no rtpmap (RFC 3551, section 6).
QString staticCodec(const QString &format)
{
    static const QHash<QString, QString> codecs{{QStringLiteral("0"), QStringLiteral("pcmu")},
                                                {QStringLiteral("3"), QStringLiteral("gsm")},
                                                {QStringLiteral("8"), QStringLiteral("pcma")},
                                                {QStringLiteral("9"), QStringLiteral("g722")},
                                                {QStringLiteral("18"), QStringLiteral("g729")}};
    return codecs.value(format);
}

QSet<QString> codecsOf(const Sdp::Section &section)
{
    QSet<QString> names;
    for (const QString &codec : section.codecs) {
        const QString name = codec.section(QLatin1Char('/'), 0, 0).toLower();
        if (!isHelper(name))
            names.insert(name);
    }
    for (const QString &format : section.formats) {
        if (const QString name = staticCodec(format); !name.isEmpty())
            names.insert(name);
    }
    return names;
}

} // namespace

Media Media::in(const QString &content)
{
    Media media;
    for (const Sdp::Section &section : Sdp::parse(Sdp::textIn(content)).sections) {
        if (section.media.isEmpty())
            media.iceLite = section.has(QStringLiteral("ice-lite"));
        if (section.media != QLatin1String("audio") && section.media != QLatin1String("video"))
            continue;
        if (section.isRejected()) {
            media.rejected.insert(section.media);
            continue;
        }
        media.used.insert(section.media);
        media.codecs[section.media].unite(codecsOf(section));
    }
    media.rejected.subtract(media.used);
    return media;
}

} // namespace msgsrv::console
