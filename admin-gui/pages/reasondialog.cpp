// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/pages/reasondialog.h"

#include <QDialogButtonBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>

namespace msgsrv::console {

ReasonDialog::ReasonDialog(const QString &verb, const QString &effect, int count, QWidget *parent)
    : QDialog(parent)
    , m_reason(new QLineEdit(this))
    , m_do(new QPushButton(verb, this))
    , m_count(count)
{
    setWindowTitle(verb);
    auto *layout = new QFormLayout(this);
    auto *text = new QLabel(effect, this);
    text->setWordWrap(true);
    text->setMinimumWidth(420);
    layout->addRow(text);
    m_reason->setPlaceholderText(tr("stands in the audit log"));
    m_reason->setMaxLength(200);
    layout->addRow(tr("&Reason:"), m_reason);
    if (count >= manyObjects) {
        m_typed = new QLineEdit(this);
        layout->addRow(tr("&Type %1 to confirm:").arg(count), m_typed);
        connect(m_typed, &QLineEdit::textChanged, this, &ReasonDialog::check);
    }
    auto *buttons = new QDialogButtonBox(this);
    QPushButton *cancel = buttons->addButton(QDialogButtonBox::Cancel);
    buttons->addButton(m_do, QDialogButtonBox::AcceptRole);
    cancel->setDefault(true);
    m_do->setAutoDefault(false);
    layout->addRow(buttons);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(m_reason, &QLineEdit::textChanged, this, &ReasonDialog::check);
    check();
}

QString ReasonDialog::reason() const
{
    return m_reason->text().trimmed();
}

void ReasonDialog::check()
{
    const bool counted = m_typed == nullptr || m_typed->text().trimmed() == QString::number(m_count);
    m_do->setEnabled(!reason().isEmpty() && counted);
    m_do->setToolTip(m_do->isEnabled() ? QString() : tr("A reason is needed"));
}

} // namespace msgsrv::console
