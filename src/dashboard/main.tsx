import { render } from 'preact'
import { App } from './app/app.tsx'
import { keepFocus } from './state/keep-focus.ts'
import { resumeSession } from './state/session.ts'
import './styles/index.css'
import { startTheme } from './state/theme.ts'

startTheme()
keepFocus()
const root = document.getElementById('app')
if (root) render(<App />, root)
void resumeSession()
