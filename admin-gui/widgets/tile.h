// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/tone.h"
#include "admin-gui/widgets/chartgeometry.h"

#include <QAbstractButton>

namespace msgsrv::console {

/// A number with a name, a note and a small curve; pressing it leads to what it counts.
class Tile : public QAbstractButton
{
    Q_OBJECT

public:
    explicit Tile(const QString &title, QWidget *parent = nullptr);

    void setValue(const QString &value, const QString &note, Tone tone = Tone::Plain);
    void setCurve(SeriesData curve);
    [[nodiscard]] QString value() const { return m_value; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent *event) override;
    void enterEvent(QEnterEvent *event) override;
    void leaveEvent(QEvent *event) override;

private:
    QString m_value = QStringLiteral("–");
    QString m_note;
    Tone m_tone = Tone::Plain;
    SeriesData m_curve;
};

} // namespace msgsrv::console
