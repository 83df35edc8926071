import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { Html } from './html.ts';

use([BarChart, CustomChart, LineChart, ScatterChart, GridComponent, LegendComponent, MarkLineComponent, SVGRenderer]);

// Stand-ins that become the page's own colours, so that one picture is readable by day and by night.
export const colours = {
  ink: '#010101',
  grid: '#020202',
  better: '#030303',
  worse: '#040404',
  undecided: '#050505',
  margin: '#060606',
  plum: '#070707',
  teal: '#080808',
};

/** Draws to SVG text that is the same for the same data: no running numbers, no fonts of this machine. */
export function draw(name: string, width: number, height: number, option: EChartsCoreOption): Html {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({ animation: false, textStyle: { fontFamily: 'inherit', color: colours.ink }, ...option });
  let svg = chart.renderToSVGString();
  chart.dispose();
  svg = svg
    .replace(/<style[^>]*>[\s\S]*?<\/style>/g, '')
    .replace(/ class="zr\d+-cls-\d+"/g, '')
    .replace(/\bzr\d+-/g, `${name}-`);
  for (const [role, colour] of Object.entries(colours))
    svg = svg.replaceAll(
      new RegExp(`${colour}|rgb\\(${Number.parseInt(colour.slice(1, 3), 16)},\\s*\\d,\\s*\\d\\)`, 'g'),
      `var(--${role})`,
    );
  return new Html(svg.replace('<svg ', `<svg role="img" aria-label="${name}" style="width:100%;height:auto" `));
}
