// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/widgets/palette.h"

#include <QApplication>
#include <QStyle>
#include <QStyleFactory>

#include <array>

namespace msgsrv::console {

QColor Colors::of(Tone tone) const
{
    switch (tone) {
    case Tone::Plain:
        return text;
    case Tone::Muted:
        return muted;
    case Tone::Good:
        return good;
    case Tone::Notice:
        return notice;
    case Tone::Warning:
        return warning;
    case Tone::Bad:
        return bad;
    }
    return text;
}

QColor Colors::of(FlowMessage::Kind kind) const
{
    using Kind = FlowMessage::Kind;
    switch (kind) {
    case Kind::Offer:
        return series(0);
    case Kind::Answer:
        return series(1);
    case Kind::Candidate:
        return series(3);
    case Kind::Bye:
        return series(2);
    case Kind::Gap:
        return warning;
    case Kind::Text:
    case Kind::Other:
        break;
    }
    return muted;
}

QColor Colors::tint(const QColor &color, double strength) const
{
    const auto mix = [strength](int over, int under) {
        return static_cast<int>(strength * over + (1 - strength) * under);
    };
    return {mix(color.red(), surface.red()), mix(color.green(), surface.green()),
            mix(color.blue(), surface.blue())};
}

QColor Colors::series(int n) const
{
    static const std::array<QRgb, 6> onLight{0xff2f6fed, 0xff1a8a4c, 0xffb3541e,
                                             0xff7a4fd0, 0xff0e8390, 0xffb23a78};
    static const std::array<QRgb, 6> onDark{0xff74a7ff, 0xff5fd28c, 0xfff2a65a,
                                            0xffb69cff, 0xff56cfd8, 0xfff08ac0};
    const auto &set = window.lightness() < 128 ? onDark : onLight;
    return QColor::fromRgb(set.at(static_cast<std::size_t>(n) % set.size()));
}

const Colors &lightColors()
{
    static const Colors colors{QColor(0xf3, 0xf5, 0xf8), QColor(0xff, 0xff, 0xff), QColor(0xf7, 0xf9, 0xfc),
                               QColor(0xdc, 0xe1, 0xe9), QColor(0x1b, 0x22, 0x30), QColor(0x5f, 0x69, 0x7c),
                               QColor(0x2f, 0x6f, 0xed), QColor(0xff, 0xff, 0xff), QColor(0xd9, 0xe6, 0xfd),
                               QColor(0x15, 0x78, 0x3f), QColor(0x1f, 0x5f, 0xc4), QColor(0x95, 0x57, 0x00),
                               QColor(0xc0, 0x26, 0x26)};
    return colors;
}

const Colors &darkColors()
{
    static const Colors colors{QColor(0x14, 0x16, 0x1b), QColor(0x1b, 0x1e, 0x25), QColor(0x22, 0x26, 0x2f),
                               QColor(0x31, 0x37, 0x43), QColor(0xe5, 0xe9, 0xf0), QColor(0x95, 0x9f, 0xb1),
                               QColor(0x6e, 0xa2, 0xff), QColor(0x0d, 0x14, 0x22), QColor(0x2a, 0x3d, 0x60),
                               QColor(0x5f, 0xd2, 0x8c), QColor(0x82, 0xb4, 0xff), QColor(0xf0, 0xb4, 0x50),
                               QColor(0xff, 0x80, 0x78)};
    return colors;
}

bool isDark(const QPalette &palette)
{
    return palette.color(QPalette::Window).lightness() < palette.color(QPalette::WindowText).lightness();
}

const Colors &colorsOf(const QPalette &palette)
{
    return isDark(palette) ? darkColors() : lightColors();
}

void applyTheme(QApplication &application, Theme theme)
{
    static const QString platformStyle = QApplication::style()->name();
    if (theme == Theme::System) {
        QApplication::setStyle(QStyleFactory::create(platformStyle));
        QApplication::setPalette(QPalette());
        return;
    }
    const Colors &colors = theme == Theme::Dark ? darkColors() : lightColors();
    QPalette palette;
    palette.setColor(QPalette::Window, colors.window);
    palette.setColor(QPalette::WindowText, colors.text);
    palette.setColor(QPalette::Base, colors.surface);
    palette.setColor(QPalette::AlternateBase, colors.raised);
    palette.setColor(QPalette::Text, colors.text);
    palette.setColor(QPalette::PlaceholderText, colors.muted);
    palette.setColor(QPalette::Button, theme == Theme::Dark ? colors.raised : colors.surface);
    palette.setColor(QPalette::ButtonText, colors.text);
    palette.setColor(QPalette::BrightText, colors.bad);
    palette.setColor(QPalette::Light, theme == Theme::Dark ? colors.line : QColor(Qt::white));
    palette.setColor(QPalette::Midlight, colors.raised);
    palette.setColor(QPalette::Mid, colors.line);
    palette.setColor(QPalette::Dark, theme == Theme::Dark ? colors.window.darker(130) : colors.muted);
    palette.setColor(QPalette::Shadow, theme == Theme::Dark ? QColor(Qt::black) : colors.line);
    palette.setColor(QPalette::Highlight, colors.accent);
    palette.setColor(QPalette::HighlightedText, colors.onAccent);
    palette.setColor(QPalette::Link, colors.accent);
    palette.setColor(QPalette::LinkVisited, colors.accent);
    palette.setColor(QPalette::ToolTipBase, colors.raised);
    palette.setColor(QPalette::ToolTipText, colors.text);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, colors.tint(colors.muted, 0.6));
    QApplication::setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
    QApplication::setPalette(palette);
    application.setProperty("msgsrvTheme", static_cast<int>(theme));
}

} // namespace msgsrv::console
