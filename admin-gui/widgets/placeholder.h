// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

class QLabel;
class QPushButton;

namespace msgsrv::console {

/// What stands where there is nothing to show: which nothing it is, and what to do about it.
class Placeholder : public QWidget
{
    Q_OBJECT

public:
    explicit Placeholder(QWidget *parent = nullptr);

    /// An empty @p button: none.
    void say(const QString &title, const QString &text, const QString &button = {});
    [[nodiscard]] QString title() const;

signals:
    void buttonPressed();

private:
    QLabel *m_title;
    QLabel *m_text;
    QPushButton *m_button;
};

} // namespace msgsrv::console
