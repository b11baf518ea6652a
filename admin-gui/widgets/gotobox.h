// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>

#include <functional>
#include <vector>

class QLineEdit;
class QListWidget;

namespace msgsrv::console {

/// One field that goes anywhere: pages, actions, users. It opens over the window and is used by the keyboard
/// alone.
class GoToBox : public QFrame
{
    Q_OBJECT

public:
    struct Target
    {
        QString title;
        QString hint; ///< what it is, or its shortcut
        std::function<void()> go;
    };

    explicit GoToBox(QWidget *window);

    void open(std::vector<Target> targets);
    /// Further targets for what is typed, e.g. users that the server found.
    void setFound(const QString &forText, std::vector<Target> found);
    [[nodiscard]] QStringList shown() const;

    /// How well @p title fits @p text: 0 not at all; a part at the beginning of a word fits best.
    [[nodiscard]] static int fit(const QString &title, const QString &text);

signals:
    void searched(const QString &text);

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void fill();
    void choose();

    QLineEdit *m_line;
    QListWidget *m_list;
    std::vector<Target> m_targets;
    std::vector<Target> m_found;
    std::vector<const Target *> m_shown;
};

} // namespace msgsrv::console
